"""What can be wrong with an image.

ImageError
+-- UnsupportedInstructionError  the Dockerfile says something that is not understood here
+-- InterpreterNotFoundError     the Python that FROM names is not on this machine
+-- ContextError                 the build context lacks a file, or holds one that cannot be copied
+-- InstallError                 the installer refused what RUN asks for
+-- ImageNotFoundError           no image has this digest
+-- ProgramNotFoundError         the image does not hold the program that starts it
"""

from pathlib import Path


class ImageError(Exception):
    """Something is wrong with an image."""


class UnsupportedInstructionError(ImageError):
    """A Dockerfile says something that is not understood here."""

    def __init__(self, path: Path, line: int, text: str, supported: str) -> None:
        super().__init__(f"{path}:{line}: {text!r} is not supported; expected {supported}")


class InterpreterNotFoundError(ImageError):
    """The Python that FROM names is not on this machine."""

    def __init__(self, wanted: str, found: list[str]) -> None:
        super().__init__(f"Python {wanted} is not on this machine; found {', '.join(found) or 'none'}")


class ContextError(ImageError):
    """The build context lacks a file, or holds one that cannot be copied."""


class InstallError(ImageError):
    """The installer refused what RUN asks for."""


class ImageNotFoundError(ImageError):
    """No image has this digest."""

    def __init__(self, digest: str, root: Path) -> None:
        super().__init__(f"no image has the digest {digest!r} in {root}")


class ProgramNotFoundError(ImageError):
    """The image does not hold the program that starts it."""
