"""A way back is planned once everything else has ended."""

from typing import Any

import pytest

from pressrun.errors import InvalidInputError
from pressrun.recovery.plan import RollBackPlan, StagePlan
from pressrun.recovery.planning import PlanRollBack, plan_roll_back
from pressrun.recovery.records import Lease, Proven, ReleaseRecord, StageRecord

PROMOTE, BACK, CHILD = "arn:promote:v3", "arn:back:v3-back", "arn:deploy:v3-prod"


class FakeDesk:
    """Tables and executions in memory; a stopped execution ends at once unless it is stubborn."""

    def __init__(self, **records: StageRecord) -> None:
        self.stages = list(records.values())
        self.releases = {
            "v3": ReleaseRecord(release_id="v3", service="reranking", status="open", execution_arn=PROMOTE)
        }
        self.held: Lease | None = Lease(holder=PROMOTE, release_id="v3")
        self.running: set[str] = set()
        self.stubborn: set[str] = set()
        self.stopped: list[str] = []
        self.noted: list[RollBackPlan] = []
        self.claimed: list[str] = []

    def records(self, service: str) -> list[StageRecord]:
        return [record for record in self.stages if record.service == service]

    def release(self, release_id: str) -> ReleaseRecord | None:
        return self.releases.get(release_id)

    def open_release(self, service: str) -> str | None:
        return next((found.release_id for found in self.releases.values() if found.status == "open"), None)

    def lease(self, service: str) -> Lease | None:
        return self.held

    def take_lease(self, service: str, lease: Lease, before: str | None) -> bool:
        if (self.held.holder if self.held else None) != before:
            return False
        self.held = lease
        return True

    def is_running(self, execution_arn: str) -> bool:
        return execution_arn in self.running

    def children(self, release_id: str) -> list[str]:
        return [CHILD]

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        self.stopped.append(execution_arn)
        self.running -= {execution_arn} - self.stubborn

    def claim(self, plan: StagePlan) -> bool:
        self.claimed.append(plan.stage)
        return True

    def note(self, command: PlanRollBack, plan: RollBackPlan) -> None:
        self.noted.append(plan)


def prod(**more: Any) -> StageRecord:
    values = {"live": Proven(release_id="v2", config_name="v2-live"), "changing": "v3", **more}
    return StageRecord(service="reranking", stage="prod", endpoint_name="reranking", **values)


def command(**more: Any) -> PlanRollBack:
    values = {"release_id": "v3", "service": "reranking", "reason": "test", "requested_by": "pressrun", **more}
    return PlanRollBack(execution_arn=BACK, **values)


def test_the_parent_that_waits_is_not_stopped_and_keeps_the_lease() -> None:
    desk = FakeDesk(prod=prod())
    desk.running = {PROMOTE}
    plan = plan_roll_back(command(holder=PROMOTE), desk)
    assert plan.ready
    assert (plan.holder, desk.stopped) == (PROMOTE, [])


def test_a_release_that_still_runs_is_stopped_first() -> None:
    desk = FakeDesk(prod=prod())
    desk.running = {PROMOTE, CHILD}
    plan = plan_roll_back(command(), desk)
    assert (plan.ready, plan.waits_for) == (False, f"{PROMOTE}, {CHILD}")
    assert desk.stopped == [PROMOTE, CHILD]
    assert plan_roll_back(command(), desk).ready


def test_what_does_not_end_is_waited_for() -> None:
    desk = FakeDesk(prod=prod())
    desk.running = desk.stubborn = {CHILD}
    assert not plan_roll_back(command(), desk).ready
    assert not plan_roll_back(command(), desk).ready
    assert desk.noted == []


def test_the_lease_of_an_execution_that_has_ended_is_taken_over() -> None:
    desk = FakeDesk(prod=prod())
    plan = plan_roll_back(command(), desk)
    assert (plan.holder, desk.held) == (BACK, Lease(holder=BACK, release_id="v3"))


def test_the_lease_of_another_running_release_is_waited_for() -> None:
    desk = FakeDesk(prod=prod())
    desk.held, desk.running = Lease(holder="arn:promote:v4", release_id="v4"), {"arn:promote:v4"}
    plan = plan_roll_back(command(), desk)
    assert (plan.ready, plan.waits_for) == (False, "the lease of reranking")


def test_a_release_that_touched_nothing_needs_no_lease() -> None:
    desk = FakeDesk(prod=prod(changing=None))
    desk.held, desk.running = Lease(holder="arn:promote:v4", release_id="v4"), {"arn:promote:v4"}
    plan = plan_roll_back(command(), desk)
    assert (plan.ready, plan.stages, plan.closes) == (True, [], "v3")


def test_the_stages_are_claimed_before_anything_moves() -> None:
    desk = FakeDesk(prod=prod())
    plan_roll_back(command(), desk)
    assert desk.claimed == ["prod"]


def test_a_stage_that_is_only_restored_ends_no_release_and_stops_none() -> None:
    desk = FakeDesk(prod=prod(changing=None))
    desk.held = None
    desk.releases["v2"] = ReleaseRecord(release_id="v2", service="reranking", status="promoted", execution_arn=PROMOTE)
    plan = plan_roll_back(command(release_id="v2", restore=("prod",)), desk)
    assert (plan.ready, plan.closes, desk.claimed) == (True, None, [])
    assert plan.stages[0].target is not None


def test_a_release_of_another_service_is_refused() -> None:
    desk = FakeDesk()
    desk.releases["v3"] = ReleaseRecord(release_id="v3", service="search", status="open")
    with pytest.raises(InvalidInputError, match="'v3' is one of service 'search', expected one of 'reranking'"):
        plan_roll_back(command(), desk)


def test_an_impossible_wish_is_refused_before_anything_is_stopped() -> None:
    desk = FakeDesk(prod=prod())
    desk.running = {PROMOTE}
    with pytest.raises(InvalidInputError, match="to 'v0'"):
        plan_roll_back(command(to="v0"), desk)
    assert desk.stopped == []


def test_an_operator_stops_the_release_that_is_under_way_elsewhere() -> None:
    desk = FakeDesk(prod=prod(changing=None, previous=(Proven(release_id="v1", config_name="v1-live"),)))
    desk.releases["v2"] = ReleaseRecord(release_id="v2", service="reranking", status="promoted")
    desk.running = {PROMOTE}
    asked = command(release_id="v2", requested_by="arn:aws:sts::111111111111:assumed-role/operator/alice")
    assert plan_roll_back(asked, desk).waits_for == PROMOTE
    plan = plan_roll_back(asked, desk)
    assert (plan.ready, desk.held) == (True, Lease(holder=BACK, release_id="v2"))
    assert [stage.target and stage.target.release_id for stage in plan.stages] == ["v1"]
