"""The overlay's place in the embedded AWS."""

from localaws.settings import Settings


def install(settings: Settings) -> None:
    """Repair ministack."""


def shutdown() -> None:
    """Stop what the overlay started."""
