"""A release under way in prod, with its execution, as the ways back find it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pressrun.aws.executions import execution_arn
from tests.functions.conftest import Tools

EVENTS = Path(__file__).parents[3] / "events"
RELEASE = "text-embedding-7-3fb1c2d4-1"
STABLE = {
    "release_id": "text-embedding-2-0123abcd-1",
    "config_name": "text-embedding-2-0123abcd-1-live",
    "at": "2026-11-01T00:00:00Z",
}
OLDER = {
    "release_id": "text-embedding-1-0123abcd-1",
    "config_name": "text-embedding-1-0123abcd-1-live",
    "at": "2026-10-01T00:00:00Z",
}


def event(name: str) -> dict[str, Any]:
    """Return a recorded event."""
    found: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return found


@dataclass
class Newsroom:
    """The tools account with one service."""

    tools: Tools

    def promoting(self) -> str:
        """Start the release's promote_release execution; return its ARN."""
        machine = self.tools.machine_arns["promote_release"]
        self.tools.states.start_execution(
            stateMachineArn=machine, name=RELEASE, input=json.dumps({"release_id": RELEASE})
        )
        return execution_arn(machine, RELEASE)

    def release(self, status: str = "rolling_out", **more: Any) -> None:
        """Write the release's record."""
        item = {
            "release_id": RELEASE,
            "record": "release",
            "service": "text-embedding",
            "status": status,
            "opened_at": "2026-11-23T08:00:00.000Z",
            "stages_touched": ["dev", "qa", "prod"],
            **more,
        }
        self.tools.table("releases").put_item(Item=item)

    def endpoint(self, stage: str = "prod", **more: Any) -> None:
        """Write an endpoint's record."""
        item = {
            "service": "text-embedding",
            "stage": stage,
            "endpoint_name": "text-embedding",
            "live": STABLE,
            "previous": [OLDER],
            **more,
        }
        self.tools.table("endpoints").put_item(Item=item)

    def item(self, stage: str) -> dict[str, Any] | None:
        """Return an item of the endpoints table."""
        found = self.tools.table("endpoints").get_item(Key={"service": "text-embedding", "stage": stage})
        return dict(found["Item"]) if "Item" in found else None

    def roll_backs(self) -> list[tuple[str, dict[str, Any]]]:
        """Return name and input of each roll_back execution, in the order of their names."""
        found = []
        for execution in self.tools.executions("roll_back"):
            described = self.tools.states.describe_execution(executionArn=execution["executionArn"])
            found.append((execution["name"], json.loads(described["input"])))
        return sorted(found, key=lambda each: each[0])

    def end(self, arn: str) -> None:
        """Stop an execution."""
        self.tools.states.stop_execution(executionArn=arn, error="ReleaseAbortedError", cause="alice: wrong model")


@pytest.fixture
def newsroom(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    machine = tools.machine_arns["promote_release"].rpartition(":")[0]
    for name in ("DEPLOY_STAGE", "SHIFT_TRAFFIC", "RUN_LOAD_TEST"):
        arn = f"{machine}:pressrun-{name.lower().replace('_', '-')}"
        monkeypatch.setenv(f"PRESSRUN_{name}_ARN", arn)
    return Newsroom(tools)
