import json
from datetime import datetime
from typing import Any

import pytest

from functions.rollout import (
    judge_canary,
    measure_metric_lag,
    return_traffic,
    send_all_traffic,
    shift_traffic,
    start_rollout,
)
from pressrun.aws.cloudwatch import Alarms, Metrics
from pressrun.aws.rollouts import RolloutTable
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.clock import iso
from pressrun.deployment.endpoint import Endpoint
from pressrun.errors import InvalidInputError
from pressrun.rollout.weights import WeightChange
from tests.functions.conftest import LambdaContext, Tools
from tests.unit.deployment.builders import pinned
from tests.unit.rollout.rollouts import RELEASE, FakeMetrics, at, endpoint, rollout

COMMAND = {"release_id": RELEASE, "service": "reranking", "stage": "prod", "endpoint_name": "reranking"}
STABLE = {"Invocations": 300.0, "SampleCount": 300.0, "p50": 8e4, "p90": 18e4, "p99": 25e4}


class Account(FakeMetrics):
    """The prod account: an endpoint whose weights hold at once, metrics, alarms."""

    def __init__(self) -> None:
        super().__init__(stable=STABLE)
        self.found: Endpoint = endpoint()
        self.alarms: list[str] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self.found

    def set_weights(self, endpoint_name: str, weights: dict[str, float]) -> None:
        self.found = endpoint(weights["canary"])

    def put(self, document: dict[str, Any]) -> None:
        self.alarms.append(document["AlarmName"])


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    for adapter in (SageMakerEndpoints, Metrics, Alarms):
        monkeypatch.setattr(adapter, "of", classmethod(lambda *_, **__: made))
    return made


@pytest.fixture
def opened(tools: Tools) -> Tools:
    documents = pinned()
    tools.publish(documents.spec)
    tools.put(f"evidence/{RELEASE}/manifest.json", documents.manifest.model_dump(mode="json"))
    tools.table("releases").put_item(Item={"release_id": RELEASE, "record": "release", "status": "open"})
    return tools


def evidence(tools: Tools) -> dict[str, Any]:
    body = tools.s3.get_object(Bucket="artifacts", Key=f"evidence/{RELEASE}/prod-rollout.json")["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def release(tools: Tools) -> dict[str, Any]:
    found: dict[str, Any] = tools.table("releases").get_item(Key={"release_id": RELEASE, "record": "release"})["Item"]
    return found


def test_the_fuses_are_in_before_the_rollout_begins(opened: Tools, account: Account, context: LambdaContext) -> None:
    started = start_rollout.handler({**COMMAND, "lag_seconds": 4}, context)
    assert account.alarms == ["pressrun-reranking-stable-5xx", "pressrun-reranking-canary-5xx"]
    assert started["poll"] == 1
    assert release(opened)["status"] == "rolling_out"


def test_the_lag_is_measured_on_the_canary(opened: Tools, account: Account, context: LambdaContext) -> None:
    account.variants = {"canary": {"Invocations": 12}}
    command = {key: COMMAND[key] for key in ("release_id", "stage", "endpoint_name")}
    moment = iso(datetime.fromisoformat("2026-11-23T12:00:00Z"))
    times = {"poll_seconds": 10, "calls": 12, "started_at": moment, "last_call_at": moment}
    assert measure_metric_lag.handler({**command, "variant": "canary", **times}, context)["complete"]


def test_a_judged_poll_is_kept_and_told(opened: Tools, account: Account, context: LambdaContext) -> None:
    RolloutTable.here().open(rollout())
    found = judge_canary.handler({**COMMAND, "poll": 1}, context)
    assert (found["judged"], found["shift"], found["poll"]) == (True, True, 2)
    assert release(opened)["phase"] == "prod: rollout, canary at 0.0%"


def test_a_shift_is_asked_for_once(opened: Tools, account: Account, context: LambdaContext) -> None:
    RolloutTable.here().open(rollout())
    command = {**COMMAND, "share": 0.05, "poll": 1, "reason": "so far so good"}
    first, again = (shift_traffic.handler(command, context) for _ in range(2))
    assert (first["asked"], again["asked"], again["in_force"]) == (True, False, True)


def test_all_of_the_traffic_ends_the_rollout(opened: Tools, account: Account, context: LambdaContext) -> None:
    RolloutTable.here().open(rollout(verdict="promote", reason="watched", decided_at=at(60)))
    account.found = endpoint(1)
    sent = send_all_traffic.handler({**COMMAND, "poll": 6, "reason": "watched"}, context)
    assert sent["in_force"]
    assert evidence(opened)["outcome"] == "promoted"


def test_returned_traffic_ends_the_rollout_with_its_times(
    opened: Tools, account: Account, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    change = WeightChange(share=0.1, asked_at=at(1), in_force_at=at(2))
    RolloutTable.here().open(rollout(verdict="roll_back", reason="errors", decided_at=at(60), changes=[change]))
    account.found = endpoint(0.1)
    assert return_traffic.handler(COMMAND, context) == {"in_force": True, "asked": True}
    found = evidence(opened)
    assert (found["outcome"], found["reason"]) == ("returned", "errors")
    assert found["decision_to_accepted_seconds"] > 0


def test_traffic_goes_back_also_where_no_rollout_was_recorded(
    opened: Tools, account: Account, context: LambdaContext
) -> None:
    account.found = endpoint(0)
    assert return_traffic.handler(COMMAND, context)["in_force"]


def test_a_shift_without_a_rollout_is_refused(opened: Tools, account: Account, context: LambdaContext) -> None:
    with pytest.raises(InvalidInputError, match="has no rollout in prod"):
        shift_traffic.handler({**COMMAND, "share": 0.05, "poll": 1, "reason": ""}, context)


def test_a_share_above_one_is_refused_by_its_name(opened: Tools, account: Account, context: LambdaContext) -> None:
    with pytest.raises(InvalidInputError, match="ShiftTraffic: share: Input should be less than or equal to 1"):
        shift_traffic.handler({**COMMAND, "share": 5, "poll": 1, "reason": ""}, context)
