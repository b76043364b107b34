"""Planning a way back: everything else ends first, the lease is held, then the tables are read."""

from typing import ClassVar, Protocol

from pressrun.errors import InvalidInputError
from pressrun.recovery.plan import (
    PRESSRUN,
    RollBack,
    RollBackPlan,
    StagePlan,
    outcome_of,
    plan_stages,
    release_to_leave,
)
from pressrun.recovery.records import Lease, ReleaseRecord, StageRecord


class PlanRollBack(RollBack):
    """Plan a way back.

    Attributes:
        execution_arn: the roll_back execution that asks.
    """

    log_keys: ClassVar = {"release_id", "service"}

    execution_arn: str


class Desk(Protocol):
    """The tables and executions that a plan is made from."""

    def records(self, service: str) -> list[StageRecord]:
        """Return the service's endpoints as they are now."""

    def release(self, release_id: str) -> ReleaseRecord | None:
        """Return a release's record."""

    def open_release(self, service: str) -> str | None:
        """Return the release of the service that has not ended and has begun to change endpoints."""

    def lease(self, service: str) -> Lease | None:
        """Return who holds the service."""

    def take_lease(self, service: str, lease: Lease, before: str | None) -> bool:
        """Take the lease from its former holder, if that still holds it; tell whether it did."""

    def is_running(self, execution_arn: str) -> bool:
        """Tell whether an execution runs."""

    def children(self, release_id: str) -> list[str]:
        """Return the ARNs that a release's executions below promote_release have or would have."""

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        """Stop an execution."""

    def claim(self, plan: StagePlan) -> bool:
        """Mark the endpoint as changed by the release that is left, unless another release changes it."""

    def note(self, command: PlanRollBack, plan: RollBackPlan) -> None:
        """Write who went back, why, and what is planned, into the record and the evidence."""


def plan_roll_back(command: PlanRollBack, desk: Desk) -> RollBackPlan:
    """Say how to go back, or what is waited for; asked again until it is ready.

    Raises:
        InvalidInputError: there is nothing to leave, or a stage cannot go where it is asked to.
    """
    release_id, plans = _plans(command, desk)
    release = desk.release(release_id)
    if not command.restore:
        running = _stop(command, release_id, release, desk)
        if running:
            return RollBackPlan(ready=False, release_id=release_id, waits_for=running)
    holder = command.holder or command.execution_arn
    if plans and not _hold(command, release_id, holder, desk):
        return RollBackPlan(ready=False, release_id=release_id, waits_for=f"the lease of {command.service}")
    release_id, plans = _plans(command, desk)  # what has ended by now may have written until then
    if not command.restore:
        # From here on the endpoints are ours to finish: if this execution ends early, the next one goes on.
        plans = [plan for plan in plans if desk.claim(plan)]
    plan = RollBackPlan(
        ready=True,
        release_id=release_id,
        closes=None if command.restore or release is None else release_id,
        holder=holder,
        outcome=outcome_of(
            command.error, command.cause, promoted=_promoted(release), requested_by=command.requested_by
        ),
        stages=plans,
    )
    desk.note(command, plan)
    return plan


def _plans(command: PlanRollBack, desk: Desk) -> tuple[str, list[StagePlan]]:
    records = desk.records(command.service)
    release_id = release_to_leave(command.release_id, records, desk.open_release(command.service))
    release = desk.release(release_id)
    if release and release.service != command.service:
        raise InvalidInputError(
            f"release {release_id!r} is one of service {release.service!r}, expected one of {command.service!r}"
        )
    return release_id, plan_stages(
        release_id, records, to=command.to, promoted=_promoted(release), restore=command.restore
    )


def _promoted(release: ReleaseRecord | None) -> bool:
    return release is not None and release.status == "promoted"


def _stop(command: PlanRollBack, release_id: str, release: ReleaseRecord | None, desk: Desk) -> str:
    """Stop what still works for the release; return what has not ended yet, or nothing.

    A stopped parent does stop its children on AWS, but only soon; the parent that waits for us stays.
    """
    found = [release.execution_arn] if release and release.execution_arn else []
    if command.requested_by != PRESSRUN:
        # An operator's word goes before a release under way in other stages; its own way back follows ours.
        under_way = desk.open_release(command.service)
        other = desk.release(under_way) if under_way else None
        found += [other.execution_arn] if other and other.execution_arn else []
    ours = {command.holder, command.execution_arn}
    running = [arn for arn in (*found, *desk.children(release_id)) if arn not in ours and desk.is_running(arn)]
    for arn in running:
        desk.stop(arn, "ReleaseAbortedError", f"rolled back by {command.requested_by}: {command.reason}")
    return ", ".join(running)


def _hold(command: PlanRollBack, release_id: str, holder: str, desk: Desk) -> bool:
    """Hold the lease: confirm it, take it where it is free, or take it over from an execution that has ended."""
    lease = desk.lease(command.service)
    if lease and lease.holder == holder:
        return True
    if lease and desk.is_running(lease.holder):
        return False
    return desk.take_lease(
        command.service, Lease(holder=holder, release_id=release_id), before=lease.holder if lease else None
    )
