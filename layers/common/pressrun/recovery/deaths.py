"""A state machine of ours ended badly: is there anything that its own Catch did not take back?"""

import json
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pressrun.recovery.attempts import Attempt
from pressrun.recovery.records import ReleaseRecord
from pressrun.release.failure import Failure, root_failure
from pressrun.release.records import CLOSED

_RELEASE = re.compile(r"(?P<release_id>[a-z0-9-]+-\d+-[0-9a-f]{8}-\d+)(-.+)?")
_SPEECHLESS = {
    "TIMED_OUT": ("States.Timeout", "the execution reached its time-out"),
    "ABORTED": ("ReleaseAbortedError", "the execution was stopped"),
}


class ExecutionClosed(BaseModel):
    """The part of a Step Functions event that is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    class Detail(BaseModel):
        """The event's detail."""

        model_config = ConfigDict(frozen=True, extra="ignore")

        execution_arn: str = Field(alias="executionArn", pattern=r"^arn:aws[\w-]*:states:.+:execution:.+$")
        name: str
        status: str
        input: str | None = None
        error: str | None = None
        cause: str | None = None

    source: Literal["aws.states"]
    detail_type: Literal["Step Functions Execution Status Change"] = Field(alias="detail-type")
    detail: Detail

    @property
    def release_id(self) -> str | None:
        """The release that the execution worked for, by its input or else its name; None for a stranger's."""
        try:
            given = json.loads(self.detail.input or "{}")
        except ValueError:
            given = {}
        named = given.get("release_id") if isinstance(given, dict) else None
        if isinstance(named, str):
            return named
        found = _RELEASE.fullmatch(self.detail.name)
        return found["release_id"] if found else None


class Decision(BaseModel):
    """What an event comes to.

    Attributes:
        start: the name of the roll_back execution to start; None where nothing is to be done.
        stop: the promote_release execution to stop first.
        given_up: all attempts were made; a person has to look.
    """

    model_config = ConfigDict(frozen=True)

    reason: str
    start: str | None = None
    stop: str | None = None
    given_up: bool = False


def after_death(release: ReleaseRecord | None, attempt: Attempt, *, touches: bool, promoting: str | None) -> Decision:
    """Decide whether a release needs another way back.

    The event is a hint and may come twice, late or out of order: the tables and the executions decide.

    Args:
        release: the record of the release that the dead execution worked for.
        attempt: its ways back so far.
        touches: an endpoint carries unproven effects of the release.
        promoting: status of its promote_release execution.
    """
    if release is None:
        return Decision(reason="no release of ours")
    if release.status in CLOSED and not touches:
        return Decision(reason=f"the release is {release.status} and touches no endpoint")
    if promoting == "RUNNING":
        return Decision(reason="promote_release still runs and catches this by itself")
    return start_next(attempt, "nobody works on the release, and it has not ended")


def start_next(attempt: Attempt, reason: str) -> Decision:
    """Start the next way back, unless one runs or too many were tried."""
    if attempt.running:
        return Decision(reason=f"{attempt.running} is on its way")
    if attempt.free is None:
        return Decision(reason="every attempt was made, expected a person to look", given_up=True)
    return Decision(reason=reason, start=attempt.free)


def failure_of(status: str | None, error: str | None, cause: str | None) -> Failure:
    """Return the first cause of a dead execution; a time-out or a stop often has no error of its own."""
    name, told = _SPEECHLESS.get(status or "", ("States.TaskFailed", "the execution failed"))
    return root_failure(error or name, cause or told)
