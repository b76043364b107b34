"""Names of the ways back: every starter tries the same names, so two of them never go back twice at once."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

# What starts by itself gives up after some attempts and pages; an operator may go on.
AUTOMATIC_ATTEMPTS = 5
OPERATOR_ATTEMPTS = 20


class Attempt(NamedTuple):
    """The state of a release's ways back.

    Attributes:
        running: the name of the roll_back execution that runs, if one does.
        free: the next name that is not used up; None where a way back runs, or all attempts were made.
    """

    running: str | None
    free: str | None


def attempt_names(release_id: str, limit: int) -> Iterator[str]:
    """Yield the names of a release's roll_back executions, in their order."""
    yield f"{release_id}-back"
    for number in range(2, limit + 1):
        yield f"{release_id}-back-{number}"


def next_attempt(release_id: str, status_of: Callable[[str], str | None], limit: int = AUTOMATIC_ATTEMPTS) -> Attempt:
    """Look through a release's roll_back executions.

    Args:
        release_id: the release to leave.
        status_of: gives the status of the roll_back execution of a name, None where there was none.
        limit: how many attempts may be made.
    """
    free = None
    for name in attempt_names(release_id, limit):
        status = status_of(name)
        if status == "RUNNING":
            return Attempt(running=name, free=None)
        if status is None:
            free = name
            break
    return Attempt(running=None, free=free)
