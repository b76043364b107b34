"""What is written once a stage is back, and what is cleared away."""

from datetime import UTC, datetime
from typing import Any

import pytest

from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.scaling import Scaling
from pressrun.errors import LeaseLostError
from pressrun.recovery.records import Proven, StageRecord
from pressrun.recovery.restored import RecordRestored, record_restored, restored

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCALING = Scaling(variant="stable", min=1, max=4, target=600)


def proven(release_id: str, scaling: Scaling | None = None) -> Proven:
    return Proven(release_id=release_id, config_name=f"{release_id}-live", at="then", scaling=scaling)


def command(target: Proven | None, release_id: str = "v3") -> RecordRestored:
    return RecordRestored(
        release_id=release_id,
        service="reranking",
        stage="prod",
        endpoint_name="reranking",
        target=target,
        delete=target is None,
    )


def record(live: str | None, previous: tuple[str, ...] = (), changing: str | None = "v3", **more: Any) -> StageRecord:
    return StageRecord(
        service="reranking",
        stage="prod",
        endpoint_name="reranking",
        live=proven(live) if live else None,
        previous=tuple(proven(each) for each in previous),
        changing=changing,
        **more,
    )


def names(values: dict[str, Any]) -> tuple[str | None, list[str]]:
    return values["live"] and values["live"]["release_id"], [each["release_id"] for each in values["previous"]]


@pytest.mark.parametrize(
    ("before", "target", "after"),
    [
        (record("v2", ("v1",)), proven("v2"), ("v2", ["v1"])),  # a failed canary: nothing was recorded yet
        (record("v3", ("v2", "v1")), proven("v2"), ("v2", ["v1"])),  # a promoted release is left
        (record("v3", ("v2", "v1")), proven("v1"), ("v1", [])),  # two steps: what lies between does not come back
        (record("v2", ("v1",), changing=None), proven("v2"), ("v2", ["v1"])),  # the same once more
        (record(None, created_by="v3"), None, (None, [])),
        (record("v3"), None, (None, [])),
    ],
)
def test_the_table_says_what_serves(before: StageRecord, target: Proven | None, after: tuple[str, list[str]]) -> None:
    values = restored(command(target), before)
    assert names(values) == after
    assert values["changing"] is values["created_by"] is values["scaling_suspended"] is None


def test_the_moment_of_the_proof_stays() -> None:
    assert restored(command(proven("v2")), record("v2"))["live"]["at"] == "then"


def test_an_endpoint_that_another_release_changes_is_not_recorded() -> None:
    with pytest.raises(LeaseLostError, match="being changed by release 'v4', expected 'v3'"):
        restored(command(proven("v2")), record("v2", changing="v4"))


class World:
    """Table, SageMaker, scaling and alarms in one."""

    def __init__(self, found: StageRecord | None, serves: str | None) -> None:
        self.found, self.serves = found, serves
        self.did: list[str] = []

    def record(self, service: str, stage: str) -> StageRecord | None:
        return self.found

    def write_stage(self, record: StageRecord, values: dict[str, Any]) -> bool:
        kept = {name: value for name, value in values.items() if value is not None}
        self.found = StageRecord(service="reranking", stage="prod", endpoint_name="reranking", **kept)
        return True

    def prove(self, release_id: str, name: str, document: dict[str, Any]) -> str:
        self.did.append(f"prove {release_id}/{name}")
        return "digest"

    def describe(self, endpoint_name: str) -> Endpoint | None:
        if self.serves is None:
            return None
        return Endpoint(name=endpoint_name, status="InService", config_name=self.serves, modified_at=NOW)

    def delete_config(self, name: str) -> None:
        self.did.append(f"delete config {name}")

    def delete_model(self, name: str) -> None:
        self.did.append(f"delete model {name}")

    def suspend(self, endpoint_name: str, variant: str, *, suspended: bool) -> bool:
        self.did.append(f"suspend {variant} {suspended}")
        return True

    def register(self, endpoint_name: str, scaling: Scaling) -> None:
        self.did.append(f"register {scaling.variant} {scaling.min}-{scaling.max}")

    def deregister(self, endpoint_name: str, variant: str) -> None:
        self.did.append(f"deregister {variant}")

    def delete(self, name: str) -> None:
        self.did.append(f"delete alarm {name}")


def run(asked: RecordRestored, world: World) -> list[str]:
    record_restored(asked, world, world, world, world, NOW)
    return world.did


def test_scaling_resumes_the_fuse_goes_and_so_does_what_the_release_left() -> None:
    assert run(command(proven("v2", SCALING)), World(record("v2"), serves="v2-live")) == [
        "register stable 1-4",
        "suspend stable False",
        "delete alarm pressrun-reranking-canary-5xx",
        "delete config v3-live",
        "delete config v3-open",
        "delete model v3",
        "prove v3/prod-restored",
    ]


def test_a_config_that_the_endpoint_serves_is_never_deleted() -> None:
    assert not any("delete config" in done for done in run(command(proven("v2")), World(record("v2"), "v3-live")))


def test_the_config_of_a_stage_that_was_only_restored_stays() -> None:
    world = World(record("v2", changing=None), serves="v2-live")
    assert not any("delete config" in done for done in run(command(proven("v2"), release_id="v2"), world))


def test_the_config_of_what_is_live_stays_even_if_the_endpoint_has_gone_again() -> None:
    world = World(record("v2", changing=None), serves=None)
    assert not any("delete config" in done for done in run(command(proven("v2"), release_id="v2"), world))


def test_recording_twice_ends_the_same() -> None:
    world = World(record("v3", ("v2", "v1")), serves="v2-live")
    run(command(proven("v2")), world)
    once = world.found
    run(command(proven("v2")), world)
    assert world.found == once
