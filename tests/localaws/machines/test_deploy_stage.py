"""The machine `deploy_stage`: its phases, what it waits for, and the names of the errors it ends with."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.localaws.machines.played import Played, machine, quick
from tests.localaws.process import LocalAws
from tests.unit.deployment.builders import plan

CHILD = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
REFUSING = {
    "StartAt": "Refused",
    "States": {"Refused": {"Type": "Fail", "Error": "LoadTestFailedError", "Cause": "p99 is 900 ms"}},
}
LOAD = {"release_id": "any", "requests_per_second": 5}
READY, CHANGING = {"state": "in_service"}, {"state": "changing"}
TESTED = {"calls": 12, "started_at": "2026-11-23T12:00:00.000Z", "last_call_at": "2026-11-23T12:00:01.000Z"}
LAG = {"complete": True, "lag_seconds": 4.5}


@pytest.fixture(scope="module")
def played(localaws: LocalAws) -> Iterator[Played]:
    children = {"ShiftTraffic": CHILD, "RunLoadTest": REFUSING}
    arns = {name: machine(localaws, name, definition) for name, definition in children.items()}
    with quick(localaws):
        yield Played(localaws, "deploy_stage", arns)


def run(played: Played, release_id: str, made: dict[str, Any], **script: list[dict[str, Any]]) -> dict[str, Any]:
    given = {"release_id": release_id, "service": "s", "stage": "prod", "endpoint_name": "s", "holder": "one"}
    usual = {
        "PlanStage": [{**made, "release_id": release_id}],
        "PrepareConfig": [{"model_name": "m", "config_name": "first"}, {"model_name": "m", "config_name": "second"}],
        "ChangeEndpoint": [{"config_name": "first", "asked": "update"}],
        "CheckEndpoint": [READY],
        "RunContractTest": [TESTED],
        "MeasureMetricLag": [LAG],
        "RecordStage": [{"config_name": "second", "model_name": "m", "pruned": []}],
    }
    return played.run(given, **{**usual, **script})


def whole(**values: Any) -> dict[str, Any]:
    return plan(strategy="replace", phase="whole", **values)


def test_a_replaced_endpoint_is_waited_for_tested_and_recorded(played: Played) -> None:
    found = run(played, "replaced", whole(), CheckEndpoint=[CHANGING, CHANGING, READY])
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["config_name"] == "second"
    assert played.order("replaced") == [
        "PlanStage", "PrepareConfig", "ChangeEndpoint", "CheckEndpoint", "CheckEndpoint", "CheckEndpoint",
        "RunContractTest", "RecordStage",
    ]  # fmt: skip
    assert played.calls("replaced", "RunContractTest")[0]["variant"] is None
    assert played.calls("replaced", "CheckEndpoint")[0]["expected_config"] == "first"


def test_an_opened_endpoint_is_shifted_and_settled(played: Played) -> None:
    found = run(played, "opened", plan(), MeasureMetricLag=[{"complete": False, "lag_seconds": 1}, LAG])
    assert found["status"] == "SUCCEEDED", found
    assert played.order("opened") == [
        "PlanStage", "PrepareConfig", "ChangeEndpoint", "CheckEndpoint", "RunContractTest", "SuspendScaling",
        "MeasureMetricLag", "MeasureMetricLag", "PrepareConfig", "ChangeEndpoint", "CheckEndpoint", "RunContractTest",
        "RecordStage",
    ]  # fmt: skip
    tests = [(call["variant"], call["phase"]) for call in played.calls("opened", "RunContractTest")]
    assert tests == [("canary", "open"), (None, "settle")]
    assert [call["phase"] for call in played.calls("opened", "PrepareConfig")] == ["open", "settle"]
    assert played.calls("opened", "CheckEndpoint")[1]["expected_config"] == "second"
    assert played.calls("opened", "MeasureMetricLag")[0]["calls"] == 12


@pytest.mark.parametrize("made", [whole(load_test=LOAD), plan(load_test=LOAD)], ids=["whole", "open"])
def test_a_load_test_that_fails_ends_the_stage(played: Played, made: dict[str, Any]) -> None:
    release_id = f"loaded-{made['phase']}"
    found = run(played, release_id, made)
    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    assert "LoadTestFailedError" in found["cause"]
    assert "RecordStage" not in played.order(release_id)


def test_a_busy_endpoint_is_asked_again(played: Played) -> None:
    change = [
        {"raise": "EndpointBusyError"},
        {"raise": "ConfigNotVisibleError"},
        {"config_name": "f", "asked": "update"},
    ]
    found = run(played, "busy", whole(), ChangeEndpoint=change)
    assert found["status"] == "SUCCEEDED", found
    assert played.order("busy").count("ChangeEndpoint") == 3


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("PlanStage", "LeaseLostError"),
        ("ChangeEndpoint", "CapacityError"),
        ("CheckEndpoint", "ConfigRolledBackError"),
        ("RunContractTest", "ContractTestFailedError"),
        ("MeasureMetricLag", "MetricsMissingError"),
    ],
)
def test_an_error_ends_the_stage_under_its_own_name(played: Played, part: str, error: str) -> None:
    found = run(played, f"fails-{part}", plan(), **{part: [{"raise": error}]})
    assert (found["status"], found["error"]) == ("FAILED", error)
    assert played.order(f"fails-{part}")[-1] == part


def test_an_endpoint_that_is_gone_ends_the_stage(played: Played) -> None:
    found = run(played, "gone", whole(), CheckEndpoint=[{"state": "gone"}])
    assert (found["error"], "is gone, expected it to serve first" in found["cause"]) == ("EndpointFailedError", True)
