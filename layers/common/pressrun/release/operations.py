"""What an operator may ask of a release."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pressrun.http import HttpError
from pressrun.release.records import CLOSED


class OperatorReason(BaseModel):
    """Why an operator acts; it stands in the release's record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=1, max_length=1000)


def open_record(record: dict[str, Any] | None, release_id: str) -> dict[str, Any]:
    """Return the record of a release that runs.

    Raises:
        HttpError: 404, there is none; 409, it has ended or has not started.
    """
    found = _known(record, release_id)
    if found["status"] in CLOSED:
        raise HttpError(409, f"release {release_id!r} is {found['status']}, expected one that is open")
    if "execution_arn" not in found:
        raise HttpError(409, f"release {release_id!r} has not started yet, try again in a moment")
    return found


def closed_record(record: dict[str, Any] | None, release_id: str) -> dict[str, Any]:
    """Return the record of a release that ended without being promoted.

    Raises:
        HttpError: 404, there is none; 409, it runs still or was promoted.
    """
    found = _known(record, release_id)
    if found["status"] not in CLOSED or found["status"] == "promoted":
        raise HttpError(409, f"release {release_id!r} is {found['status']}, expected one that ended unpromoted")
    return found


def _known(record: dict[str, Any] | None, release_id: str) -> dict[str, Any]:
    if record is None:
        raise HttpError(404, f"release {release_id!r} is not known")
    return record
