"""The endpoint alone says which move is next."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pressrun.clock import iso
from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.errors import ConfigRolledBackError, EndpointBusyError, EndpointFailedError, NothingProvenError
from pressrun.recovery.plan import StagePlan
from pressrun.recovery.records import Proven
from pressrun.recovery.restore import RestoreEndpoint, next_move, restore, stand_in_the_way

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TARGET = Proven(release_id="v2", config_name="v2-live")


def endpoint(status: str = "InService", config_name: str = "v3-open", pending: str = "") -> Endpoint:
    names = ("stable", "canary") if config_name.endswith("-open") else ("stable",)
    return Endpoint(
        name="reranking",
        status=status,
        config_name=config_name,
        modified_at=NOW,
        pending_config=pending,
        failure_reason="no /ping" if status == "Failed" else "",
        variants=[Variant(name=n, current_weight=1, desired_weight=1, current_count=1, desired_count=1) for n in names],
    )


def command(**more: Any) -> RestoreEndpoint:
    values = {"target": TARGET, "delete": False, "since": iso(NOW), **more}
    return RestoreEndpoint(release_id="v3", service="reranking", stage="prod", endpoint_name="reranking", **values)


@pytest.mark.parametrize(
    ("found", "asked", "move"),
    [
        (endpoint(config_name="v2-live"), command(), "done"),
        (endpoint(config_name="v3-open"), command(), "update"),
        (endpoint(config_name="v3-live"), command(), "update"),
        (endpoint("Updating"), command(), "wait"),
        (endpoint("Creating"), command(), "wait"),
        (endpoint("SystemUpdating"), command(), "wait"),
        (endpoint("RollingBack"), command(), "wait"),
        (endpoint("Deleting"), command(), "wait"),
        (endpoint("InService", "v2-live", pending="v3-live"), command(), "wait"),
        (endpoint("Failed"), command(), "delete"),
        (endpoint("Failed", "v2-live"), command(), "delete"),
        (endpoint("UpdateRollbackFailed"), command(), "delete"),
        (endpoint("OutOfService"), command(), "delete"),
        (None, command(), "create"),
        (None, command(target=None, delete=True), "done"),
        (None, command(target=None, delete=False), "done"),
        (endpoint(), command(target=None, delete=True), "delete"),
        (endpoint("Failed"), command(target=None, delete=True), "delete"),
        (endpoint("Creating"), command(target=None, delete=True), "wait"),
    ],
)
def test_the_next_move(found: Endpoint | None, asked: RestoreEndpoint, move: str) -> None:
    assert next_move(asked, found, NOW) == move


def test_an_endpoint_without_any_proven_config_is_not_touched() -> None:
    with pytest.raises(NothingProvenError, match="'reranking' in prod cannot go back"):
        next_move(command(target=None, delete=False), endpoint(), NOW)


@pytest.mark.parametrize(("status", "minutes"), [("Updating", 80), ("SystemUpdating", 250)])
def test_a_change_that_never_ends_is_reported(status: str, minutes: int) -> None:
    with pytest.raises(EndpointBusyError, match=f"is {status}"):
        next_move(command(), endpoint(status), NOW + timedelta(minutes=minutes))


def test_maintenance_may_take_longer_than_a_change() -> None:
    assert next_move(command(), endpoint("SystemUpdating"), NOW + timedelta(minutes=80)) == "wait"


class FakeSageMaker:
    """One endpoint; each change takes hold at once."""

    def __init__(self, found: Endpoint | None, *configs: str) -> None:
        self.found = found
        self.configs = set(configs)
        self.busy = False
        self.silent_rollback = False
        self.did: list[str] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self.found

    def config(self, name: str) -> dict[str, Any] | None:
        names = ("stable", "canary") if name.endswith("-open") else ("stable",)
        variants = [{"VariantName": each, "InstanceType": "ml.c6i.large"} for each in names]
        return {"EndpointConfigName": name, "ProductionVariants": variants} if name in self.configs else None

    def create_endpoint(self, endpoint_name: str, config_name: str, tags: dict[str, str]) -> None:
        self.did.append(f"create {config_name} {tags['pressrun:release']}")
        self.found = endpoint(config_name=config_name)

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        if self.busy:
            raise EndpointBusyError(endpoint_name, "Updating")
        self.did.append(f"update {config_name} {keep_counts}")
        if not self.silent_rollback:
            self.found = endpoint(config_name=config_name)

    def delete_endpoint(self, endpoint_name: str) -> None:
        self.did.append("delete")
        self.found = None


class FakeScaling:
    def __init__(self) -> None:
        self.deregistered: list[str] = []

    def deregister(self, endpoint_name: str, variant: str) -> None:
        self.deregistered.append(variant)


class FakeProof:
    def __init__(self, sagemaker: FakeSageMaker | None = None) -> None:
        self.sagemaker = sagemaker

    def tags(self, plan: StagePlan) -> dict[str, str]:
        return {"pressrun:release": plan.target.release_id if plan.target else ""}

    def make_again(self, plan: StagePlan) -> None:
        if self.sagemaker and plan.target:
            self.sagemaker.configs.add(plan.target.config_name)


def run(sagemaker: FakeSageMaker, asked: RestoreEndpoint, proof: FakeProof | None = None) -> list[str]:
    """Ask until the endpoint is restored."""
    moves = asked.moves
    for _ in range(20):
        found = restore(asked.model_copy(update={"moves": moves}), sagemaker, FakeScaling(), proof or FakeProof(), NOW)
        moves = found.moves
        if found.state == "restored":
            return sagemaker.did
    raise AssertionError("never restored")


def test_an_opened_endpoint_gets_its_config_back_and_keeps_its_counts() -> None:
    assert run(FakeSageMaker(endpoint(), "v2-live", "v3-open"), command()) == ["update v2-live True"]


def test_a_failed_endpoint_is_created_anew_from_the_proven_config() -> None:
    assert run(FakeSageMaker(endpoint("Failed"), "v2-live"), command()) == ["delete", "create v2-live v2"]


def test_an_endpoint_that_the_release_created_is_deleted() -> None:
    assert run(FakeSageMaker(endpoint()), command(target=None, delete=True)) == ["delete"]


def test_an_endpoint_that_is_back_already_is_left_alone() -> None:
    assert run(FakeSageMaker(endpoint(config_name="v2-live"), "v2-live"), command()) == []


def test_a_variant_that_goes_leaves_scaling_first() -> None:
    scaling = FakeScaling()
    restore(command(), FakeSageMaker(endpoint(), "v2-live", "v3-open"), scaling, FakeProof(), NOW)
    assert scaling.deregistered == ["canary"]


def test_a_busy_endpoint_costs_no_move() -> None:
    sagemaker = FakeSageMaker(endpoint(), "v2-live")
    sagemaker.busy = True
    assert restore(command(), sagemaker, FakeScaling(), FakeProof(), NOW).moves == 0


def test_a_config_that_silently_does_not_stay_is_reported() -> None:
    sagemaker = FakeSageMaker(endpoint(config_name="v3-live"), "v2-live", "v3-live")
    sagemaker.silent_rollback = True
    with pytest.raises(ConfigRolledBackError, match="serves config 'v3-live', expected 'v2-live'"):
        run(sagemaker, command())


def test_an_endpoint_that_fails_with_the_proven_config_too_is_reported() -> None:
    with pytest.raises(EndpointFailedError, match="is Failed, expected InService: no /ping"):
        run(FakeSageMaker(endpoint("Failed"), "v2-live"), command(moves=4))


def test_a_config_that_somebody_deleted_is_made_again() -> None:
    sagemaker = FakeSageMaker(endpoint())
    assert run(sagemaker, command(), FakeProof(sagemaker)) == ["update v2-live True"]


def test_a_config_that_cannot_be_made_again_pages() -> None:
    sagemaker = FakeSageMaker(endpoint("Failed"))
    with pytest.raises(NothingProvenError, match="config 'v2-live' is gone"):
        run(sagemaker, command())
    assert sagemaker.did == []


def test_a_change_of_instance_type_stands_in_the_way_of_scaling() -> None:
    present = {"ProductionVariants": [{"VariantName": "stable", "InstanceType": "ml.c7i.large"}]}
    target = {"ProductionVariants": [{"VariantName": "stable", "InstanceType": "ml.c6i.large"}]}
    assert stand_in_the_way(present, target) == ["stable"]
    assert stand_in_the_way(target, target) == []
