"""The end of a release."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pressrun.release.records import Outcome


class FinishRelease(BaseModel):
    """Record a release as promoted."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id"}

    release_id: str
    service: str
    holder: str


class CloseRelease(BaseModel):
    """Record how a release ended that was not promoted, or was taken back.

    Attributes:
        release_id: None where an operator rolled back to an older release than the record knows.
        holder: the execution whose lease is given back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "service"}

    release_id: str | None
    service: str
    error: str | None
    cause: str | None
    reason: str
    requested_by: str
    outcome: Outcome
    holder: str


class Closed(BaseModel):
    """A release's end."""

    model_config = ConfigDict(frozen=True)

    release_id: str | None
    status: str
    error: str | None = None
    cause: str | None = None
