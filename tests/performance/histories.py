"""Executions of a release as Step Functions recorded them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class Visit(NamedTuple):
    """One stay in one state."""

    state: str
    kind: str
    entered: datetime
    exited: datetime

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.exited - self.entered).total_seconds()


@dataclass(frozen=True)
class Execution:
    """One execution and its history."""

    machine: str
    name: str
    started: datetime
    stopped: datetime | None
    events: list[dict[str, Any]]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return ((self.stopped or self.started) - self.started).total_seconds()

    @property
    def transitions(self) -> int:
        """How many transitions are billed: every state entered, and every further try of a task."""
        kinds = [str(event["type"]) for event in self.events]
        entered = sum(kind.endswith("StateEntered") for kind in kinds)
        return entered + max(kinds.count("TaskScheduled") - kinds.count("TaskStateEntered"), 0)

    def visits(self) -> Iterator[Visit]:
        """Yield the stays in states, those left again; machines without parallel branches."""
        inside: dict[str, datetime] = {}
        for event in self.events:
            if event["type"].endswith("StateEntered"):
                inside[event["stateEnteredEventDetails"]["name"]] = event["timestamp"]
            elif event["type"].endswith("StateExited"):
                name = event["stateExitedEventDetails"]["name"]
                kind = event["type"].removesuffix("StateExited")
                yield Visit(name, kind, inside[name], event["timestamp"])


def executions(client: Any, release_id: str) -> list[Execution]:
    """Return the executions of a release: promote_release's and its children's."""
    found = []
    for machine in client.list_state_machines()["stateMachines"]:
        arn = machine["stateMachineArn"]
        for page in client.get_paginator("list_executions").paginate(stateMachineArn=arn):
            for each in page["executions"]:
                if each["name"] == release_id or each["name"].startswith(f"{release_id}-"):
                    name = machine["name"].removeprefix("pressrun-").replace("-", "_")
                    events = _events(client, each["executionArn"])
                    found.append(Execution(name, each["name"], each["startDate"], each.get("stopDate"), events))
    return found


def _events(client: Any, arn: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]
