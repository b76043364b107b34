"""An operator asks for a roll-back: a verified identity and a reason, no approval."""

from pydantic import BaseModel, ConfigDict, Field

from pressrun.errors import InvalidInputError
from pressrun.http import HttpError
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.plan import plan_stages, release_to_leave
from pressrun.recovery.records import ReleaseRecord, StageRecord


class RequestRollBack(BaseModel):
    """What an operator sends.

    Attributes:
        to: the proven release to serve instead; None means the newest before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    to: str | None = Field(default=None, min_length=1)
    reason: str = Field(min_length=1, max_length=1000)


def release_meant(service: str, records: list[StageRecord], open_release: str | None) -> str:
    """Name the release that the operator wants to leave.

    Raises:
        HttpError: 404, the service has no endpoint; 409, it serves nothing.
    """
    if not records:
        raise HttpError(404, f"service {service!r} has no endpoint in any stage, expected one that was released")
    try:
        return release_to_leave(None, records, open_release)
    except InvalidInputError as error:
        raise HttpError(409, f"service {service!r}: {error}") from error


def name_for(
    release_id: str,
    request: RequestRollBack,
    records: list[StageRecord],
    release: ReleaseRecord | None,
    attempt: Attempt,
) -> str:
    """Name the roll_back execution to start.

    Raises:
        HttpError: 409, it cannot go there, is going already, or was tried too often.
    """
    promoted = release is not None and release.status == "promoted"
    try:
        plans = plan_stages(release_id, records, to=request.to, promoted=promoted)
    except InvalidInputError as error:
        raise HttpError(409, str(error)) from error
    if not plans:
        raise HttpError(409, f"release {release_id!r} is on no endpoint of its service, so there is nothing to leave")
    if attempt.running:
        raise HttpError(409, f"release {release_id!r} is being rolled back already, by execution {attempt.running!r}")
    if attempt.free is None:
        raise HttpError(409, f"release {release_id!r} was rolled back in vain too often, see runbook RollBackFailed")
    return attempt.free
