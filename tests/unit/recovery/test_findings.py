"""What is wrong is what the tables, the executions and the endpoints say together."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.findings import Finding, Seen, find, restore_name
from pressrun.recovery.plan import RollBack
from pressrun.recovery.reconcile import Reconciled, reconcile
from pressrun.recovery.records import Lease, Proven, ReleaseRecord, StageRecord
from pressrun.release.failure import Failure

NOW = datetime(2026, 11, 23, 12, 34, tzinfo=UTC)
FREE = Attempt(running=None, free="v3-back")


def endpoint(config_name: str = "v2-live", canary: float | None = None, status: str = "InService") -> Endpoint:
    weights = {"stable": 1 - (canary or 0), **({"canary": canary} if canary is not None else {})}
    return Endpoint(
        name="reranking",
        status=status,
        config_name=config_name,
        modified_at=NOW,
        variants=[
            Variant(name=name, current_weight=weight, desired_weight=weight, current_count=1, desired_count=1)
            for name, weight in weights.items()
        ],
    )


def seen(
    found: Endpoint | None,
    *,
    changing: str | None = None,
    holder: str | None = None,
    promoting: str = "FAILED",
    attempt: Attempt = FREE,
    status: str = "rolling_out",
    **more: Any,
) -> Seen:
    record = StageRecord(
        service="reranking",
        stage="prod",
        endpoint_name="reranking",
        live=Proven(release_id="v2", config_name="v2-live"),
        changing=changing,
        **more,
    )
    return Seen(
        service="reranking",
        records=[record],
        lease=Lease(holder="arn:v3", release_id="v3") if holder else None,
        holder_status=holder,
        releases={"v3": ReleaseRecord(release_id="v3", service="reranking", status=status, back_to="v1")},
        promoting={"v3": promoting},
        failures={"v3": Failure(error="States.Timeout", cause="late")},
        attempts={"v3": attempt},
        endpoints={"prod": found},
    )


def kinds(found: list[Finding]) -> list[str]:
    return [finding.kind for finding in found]


ROLLOUT = endpoint("v3-open", canary=0.25)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        # nothing is wrong
        (seen(endpoint()), []),
        (seen(endpoint(status="Updating")), []),
        (seen(endpoint(status="SystemUpdating")), []),
        (seen(endpoint("v1-live", status="Updating")), []),  # it may become what it should be
        # a release works, forwards or back
        (seen(ROLLOUT, changing="v3", holder="RUNNING", promoting="RUNNING"), []),
        (seen(ROLLOUT, changing="v3", holder="ABORTED", attempt=Attempt(running="v3-back", free=None)), []),
        (seen(endpoint("v3-live"), holder="RUNNING", promoting="RUNNING"), []),
        # (a) a canary that nobody judges; (b) a release that nobody takes back
        (seen(ROLLOUT, changing="v3", holder="ABORTED"), ["unattended_canary", "abandoned_release"]),
        (seen(ROLLOUT, changing="v3"), ["unattended_canary", "abandoned_release"]),
        (seen(endpoint(), changing="v3"), ["abandoned_release"]),
        (seen(endpoint("v3-open", canary=0), changing="v3"), ["abandoned_release"]),
        # also while the next release holds the lease
        (seen(ROLLOUT, changing="v3", holder="RUNNING"), ["unattended_canary", "abandoned_release"]),
        # a canary that no table knows
        (seen(ROLLOUT), ["unattended_canary", "strayed_endpoint"]),
        # (c) scaling that nobody resumes
        (seen(endpoint(), scaling_suspended=True), ["suspended_scaling"]),
        (seen(endpoint(), scaling_suspended=True, holder="RUNNING", promoting="RUNNING"), []),
        # (d) a lease that nobody gives back
        (seen(endpoint(), holder="SUCCEEDED", status="promoted"), ["forgotten_lease"]),
        (seen(endpoint(), holder="ABORTED"), ["abandoned_release"]),  # the way back gives it back
        # (e) an endpoint that does not serve what it should
        (seen(endpoint("v1-live")), ["strayed_endpoint"]),
        (seen(endpoint(status="Failed")), ["strayed_endpoint"]),
        (seen(endpoint(status="UpdateRollbackFailed")), ["strayed_endpoint"]),
        (seen(None), ["strayed_endpoint"]),
    ],
)
def test_what_is_found(world: Seen, expected: list[str]) -> None:
    assert kinds(find(world, NOW)) == expected


def test_an_account_that_cannot_be_looked_at_is_not_taken_for_an_empty_one() -> None:
    assert find(seen(None).model_copy(update={"endpoints": {}}), NOW) == []


def test_an_endpoint_is_restored_once_in_ten_minutes() -> None:
    assert restore_name("v2", NOW) == restore_name("v2", NOW.replace(minute=39)) == "v2-restore-20261123T1230"
    assert restore_name("v2", NOW.replace(minute=40)) == "v2-restore-20261123T1240"


class FakeWorld:
    """Services as they were seen; what was done to them."""

    def __init__(self, **services: Seen | Exception | None) -> None:
        self._services = services
        self.did: list[str] = []
        self.requests: list[RollBack] = []
        self.denied = False

    def services(self) -> list[str]:
        return list(self._services)

    def look(self, service: str) -> Seen | None:
        found = self._services[service]
        if isinstance(found, Exception):
            raise found
        return found

    def return_traffic(self, record: StageRecord) -> bool:
        if self.denied:
            raise PermissionError("AccessDenied")
        self.did.append(f"return traffic in {record.stage}")
        return True

    def start(self, name: str, request: RollBack) -> None:
        self.did.append(f"start {name}")
        self.requests.append(request)

    def resume_scaling(self, record: StageRecord) -> None:
        self.did.append(f"resume scaling in {record.stage}")

    def release_lease(self, service: str, lease: Lease) -> None:
        self.did.append(f"release the lease of {lease.holder}")


def run(world: FakeWorld) -> Reconciled:
    return reconcile(world, NOW, lambda service, finding: None)


def test_readers_leave_the_canary_before_the_release_goes_back() -> None:
    world = FakeWorld(reranking=seen(ROLLOUT, changing="v3"))
    run(world)
    assert world.did == ["return traffic in prod", "start v3-back"]


def test_the_way_back_knows_how_the_release_died_and_where_the_operator_wanted_to_go() -> None:
    world = FakeWorld(reranking=seen(ROLLOUT, changing="v3"))
    run(world)
    assert (world.requests[0].error, world.requests[0].to, world.requests[0].holder) == ("States.Timeout", "v1", None)


def test_a_strayed_endpoint_goes_back_to_its_own_live_config() -> None:
    world = FakeWorld(reranking=seen(endpoint("v1-live")))
    run(world)
    assert world.did == ["start v2-restore-20261123T1230"]
    assert (world.requests[0].release_id, world.requests[0].restore) == ("v2", ("prod",))


def test_scaling_resumes() -> None:
    world = FakeWorld(reranking=seen(endpoint(), scaling_suspended=True))
    run(world)
    assert world.did == ["resume scaling in prod"]


def test_a_forgotten_lease_is_given_back() -> None:
    world = FakeWorld(reranking=seen(endpoint(), holder="SUCCEEDED", status="promoted"))
    run(world)
    assert world.did == ["release the lease of arn:v3"]


def test_after_the_last_attempt_nothing_is_started_and_a_person_is_told() -> None:
    world = FakeWorld(reranking=seen(endpoint(), changing="v3", attempt=Attempt(running=None, free=None)))
    done = run(world)
    assert world.did == []
    assert "release v3 has not ended" in done.given_up[0]


def test_a_service_that_fails_stops_no_other() -> None:
    world = FakeWorld(face=PermissionError("AccessDenied"), reranking=seen(endpoint("v1-live")))
    done = run(world)
    assert world.did == ["start v2-restore-20261123T1230"]
    assert done.failed == ["face: PermissionError: AccessDenied"]


def test_a_repair_that_fails_stops_no_other() -> None:
    world = FakeWorld(reranking=seen(ROLLOUT, changing="v3"))
    world.denied = True
    assert run(world).failed == ["reranking: PermissionError: AccessDenied"]
    assert world.did == ["start v3-back"]


def test_a_service_that_changed_while_it_was_looked_at_is_left_for_the_next_minute() -> None:
    assert run(FakeWorld(reranking=None)) == Reconciled()
