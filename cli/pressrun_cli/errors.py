"""What ends a command with a message instead of a traceback."""


class CommandError(Exception):
    """A command cannot be carried out; the message says what, which, and what was expected."""
