"""Where to go back to: which stages a release touched, and what each of them served before."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.errors import InvalidInputError
from pressrun.recovery.records import Proven, StageRecord
from pressrun.release.failure import root_failure
from pressrun.release.records import Outcome
from pressrun.settings import Stage

PRESSRUN = "pressrun"

# Readers and editors use prod: it goes back first where stages go back one after the other.
MOST_URGENT_FIRST: tuple[Stage, ...] = ("prod", "qa", "dev")


class RollBack(BaseModel):
    """The input of the state machine `roll_back`.

    Attributes:
        release_id: the release to leave; None means the one that is changing prod, or else what serves there.
        to: the proven release to serve instead; None means the newest before.
        requested_by: `pressrun`, or the verified ARN of the operator.
        holder: the promote_release execution that holds the lease and waits for this one; None where nobody waits.
        restore: stages that go back to their own live config; no release is left then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "service"}

    release_id: str | None
    service: str
    to: str | None = None
    reason: str = Field(max_length=1000)
    requested_by: str
    error: str | None = None
    cause: str | None = None
    holder: str | None = None
    restore: tuple[Stage, ...] = ()


class StagePlan(BaseModel):
    """How one stage goes back.

    Attributes:
        target: the config to serve; None where nothing was proven before.
        delete: the release created the endpoint, so the endpoint goes with it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    target: Proven | None
    delete: bool


class RollBackPlan(BaseModel):
    """Everything the machine needs; `ready` is false while something still has to end first.

    Attributes:
        closes: the release whose record is closed at the end; None where stages are only restored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ready: bool
    waits_for: str = ""
    release_id: str
    closes: str | None = None
    holder: str = ""
    outcome: Outcome = "failed"
    stages: list[StagePlan] = []


def release_to_leave(asked: str | None, records: list[StageRecord], open_release: str | None) -> str:
    """Name the release to leave: the one asked for, the one that is changing prod, or what serves in the last stage.

    Raises:
        InvalidInputError: the service serves nothing, so there is nothing to leave.
    """
    if asked:
        return asked
    by_stage = {record.stage: record for record in records}
    prod = by_stage.get("prod")
    if open_release and (prod is None or prod.live is None or prod.changing == open_release):
        return open_release
    for stage in MOST_URGENT_FIRST:
        record = by_stage.get(stage)
        if record and record.live:
            return record.live.release_id
    raise InvalidInputError("the service has no open release and serves none, expected a release to roll back")


def plan_stages(
    release_id: str, records: list[StageRecord], *, to: str | None, promoted: bool, restore: tuple[Stage, ...] = ()
) -> list[StagePlan]:
    """Return how each stage goes back, the most urgent first.

    Args:
        release_id: the release to leave.
        records: the service's endpoints.
        to: the release to serve instead, where an operator names one.
        promoted: the release finished once; its endpoints are in use and are never deleted.
        restore: stages that go back to their own live config instead.

    Raises:
        InvalidInputError: a stage cannot go where it is asked to.
    """
    by_stage = {record.stage: record for record in records}
    ordered = [by_stage[stage] for stage in MOST_URGENT_FIRST if stage in by_stage]
    if restore:
        return [_plan(release_id, each, each.live) for each in ordered if each.stage in restore and each.live]
    return [
        _plan(release_id, each, _target(release_id, each, to=to, promoted=promoted))
        for each in ordered
        if each.touched_by(release_id)
    ]


def outcome_of(error: str | None, cause: str | None, *, promoted: bool, requested_by: str) -> Outcome:
    """Say how a release ended that is taken back."""
    name = root_failure(error, cause).error if error else ""
    if name == "ReleaseSupersededError":
        return "superseded"
    if name == "ReleaseAbortedError":
        return "aborted"
    return "rolled_back" if promoted or requested_by != PRESSRUN else "failed"


def _target(release_id: str, record: StageRecord, *, to: str | None, promoted: bool) -> Proven | None:
    available = record.proven_before(release_id)
    if to is None:
        if promoted and not available:
            raise InvalidInputError(
                f"stage {record.stage!r} of service {record.service!r} has no proven release before {release_id!r}"
            )
        return available[0] if available else None
    for proven in available:
        if proven.release_id == to:
            return proven
    names = ", ".join(repr(proven.release_id) for proven in available) or "none"
    raise InvalidInputError(
        f"stage {record.stage!r} of service {record.service!r} cannot go from {release_id!r} to {to!r}, "
        f"expected one of its proven releases: {names}"
    )


def _plan(release_id: str, record: StageRecord, target: Proven | None) -> StagePlan:
    created = record.created_by == release_id or (record.live is not None and record.live.release_id == release_id)
    return StagePlan(
        release_id=release_id,
        service=record.service,
        stage=record.stage,
        endpoint_name=record.endpoint_name,
        target=target,
        delete=target is None and created,
    )
