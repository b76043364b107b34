"""The machine `roll_back` as it is defined, run by the embedded AWS over functions that only play their part."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from tests.contract.machines import ROOT
from tests.localaws.overlay.resources import ALLOW_ALL, ended, event_queue, function, role, start, unique
from tests.localaws.process import LocalAws

PLAN = """
class LeaseLostError(Exception):
    pass

class InvalidInputError(Exception):
    pass

def handler(event, context):
    if event["reason"] == "impossible":
        raise InvalidInputError("cannot go to v9")
    stages = [
        {"release_id": "v3", "service": "s", "stage": stage, "endpoint_name": event["reason"] + "-" + stage,
         "target": {"release_id": "v2", "config_name": "v2-live"}, "delete": False}
        for stage in event["reason"].split(",") if stage in ("prod", "dev")
    ]
    return {"ready": True, "waits_for": "", "release_id": "v3", "closes": "v3", "holder": event["execution_arn"],
            "outcome": "failed", "stages": stages}
"""
RETURN = "def handler(event, context):\n    return {'in_force': True, 'asked': True}"
RESTORE = """
class NothingProvenError(Exception):
    pass

def handler(event, context):
    assert event["since"] and event["target"]["config_name"] == "v2-live"
    if event["endpoint_name"].startswith("broken") and event["stage"] == "prod":
        raise NothingProvenError("config is gone")
    return {"state": "restored" if event["moves"] else "changing", "moves": event["moves"] + 1, "status": "InService"}
"""
RECORD = "def handler(event, context):\n    return {'stage': event['stage'], 'config_name': 'v2-live'}"
CLOSE = """
def handler(event, context):
    expected = {"release_id", "service", "error", "cause", "reason", "requested_by", "outcome", "holder"}
    assert set(event) == expected, event
    return {"release_id": event["release_id"], "status": "rolled_back"}
"""

Run = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="module")
def roll_back(localaws: LocalAws) -> Iterator[Run]:
    """Start the machine with a reason that names the stages; waits pass fifty times as fast."""
    definition = (ROOT / "statemachines" / "roll_back.asl.yaml").read_text()
    parts = {"PlanRollBack": PLAN, "ReturnTraffic": RETURN, "RestoreEndpoint": RESTORE, "RecordRestored": RECORD,
             "CloseRelease": CLOSE}  # fmt: skip
    for name, source in parts.items():
        definition = definition.replace(f"${{{name}FunctionArn}}", function(localaws, source))
    definition = definition.replace("${EventBusName}", "default")
    arn = localaws.client("stepfunctions").create_state_machine(
        name=unique("roll-back"),
        definition=json.dumps(yaml.safe_load(definition)),
        roleArn=role(localaws, ALLOW_ALL, service="states"),
    )["stateMachineArn"]

    def run(reason: str) -> dict[str, Any]:
        given = {"release_id": "v3", "service": "s", "to": None, "reason": reason, "requested_by": "pressrun",
                 "error": "CanaryRefusedError", "cause": "slower", "holder": None}  # fmt: skip
        return ended(localaws, start(localaws, arn, given, name=unique("v3-back")))

    _scale_waits(localaws, 0.02)
    yield run
    _scale_waits(localaws, 1)


def _scale_waits(aws: LocalAws, scale: float) -> None:
    request = urllib.request.Request(
        f"{aws.endpoint_url}/_ministack/config",
        data=json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        assert "stepfunctions._SFN_WAIT_SCALE" in json.load(answer)["applied"]


def test_every_stage_goes_back_and_the_release_closes(roll_back: Run) -> None:
    found = roll_back("prod,dev")
    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    assert [stage["stage"] for stage in output["stages"]] == ["prod", "dev"]
    assert all(stage["restored"] for stage in output["stages"])


def test_a_single_stage_goes_back(roll_back: Run) -> None:
    found = roll_back("dev")
    assert found["status"] == "SUCCEEDED", found
    assert len(json.loads(found["output"])["stages"]) == 1


def test_a_release_that_touched_nothing_is_closed(roll_back: Run) -> None:
    found = roll_back("nothing")
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["stages"] == []


def test_a_stage_that_cannot_go_back_stops_no_other_and_is_told(localaws: LocalAws, roll_back: Run) -> None:
    events = event_queue(localaws, {"source": ["pressrun"], "detail-type": ["RollBackFailed"]})
    found = roll_back("broken,prod,dev")
    assert (found["status"], found["error"]) == ("FAILED", "RollBackFailedError")
    assert found["cause"] == "prod: NothingProvenError: config is gone"
    (told,) = events()
    assert told["detail"]["failures"] == [{"stage": "prod", "error": "NothingProvenError", "cause": "config is gone"}]


def test_a_plan_that_cannot_be_made_fails_at_once(roll_back: Run) -> None:
    found = roll_back("impossible")
    assert (found["status"], found["error"]) == ("FAILED", "RollBackFailedError")
    assert "InvalidInputError" in found["cause"]
