"""Times as the records and events write them."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Write a moment as ISO 8601 in UTC with milliseconds and a Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def parse_iso(text: str) -> datetime:
    """Read a moment that `iso` or AWS wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
