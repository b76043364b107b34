"""Log lines of state machines: the history events that their logging level asks for."""

import json
import logging
import time
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch_logs as cwl
from ministack.services import stepfunctions as sfn

State = dict[str, Any]

FATAL = {"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}
DATA = {"input", "output"}

logger = logging.getLogger("localaws.states")


def write(execution: State, event: State) -> None:
    """Write an event into the log groups of the execution's machine, as far as its level goes."""
    machine = sfn._state_machines.get(execution["stateMachineArn"]) or {}
    configuration = _lowered(machine.get("loggingConfiguration") or {})
    if not _wanted(str(configuration.get("level", "OFF")), event["type"]):
        return
    line = json.dumps(_line(execution, event, with_data=str(configuration.get("includeexecutiondata")) == "True"))
    for destination in configuration.get("destinations") or []:
        arn = _lowered(_lowered(destination)["cloudwatchlogsloggroup"])["loggrouparn"]
        _append(arn.split(":log-group:")[1].removesuffix(":*"), f"states/{machine['name']}", line)


def _wanted(level: str, kind: str) -> bool:
    """Tell whether a logging level covers an event."""
    if level == "ERROR":
        return kind in FATAL or kind.endswith(("Failed", "TimedOut", "Aborted"))
    return level == "ALL" or (level == "FATAL" and kind in FATAL)


def _line(execution: State, event: State, *, with_data: bool) -> State:
    """Return an event as Step Functions logs it."""
    details: State = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    shown = details if with_data else {key: value for key, value in details.items() if key not in DATA}
    return {
        "id": str(event["id"]),
        "type": event["type"],
        "details": shown,
        "previous_event_id": str(event["id"] - 1),
        "event_timestamp": str(int(time.time() * 1000)),
        "execution_arn": execution["executionArn"],
    }


def _append(group_name: str, prefix: str, line: str) -> None:
    """Append a line to this hour's stream of a group."""
    group = cwl._log_groups.get(group_name)
    if group is None:
        logger.warning("the log group %s does not exist", group_name)
        return
    now = int(time.time() * 1000)
    stream_name = f"{prefix}/{datetime.now(UTC):%Y-%m-%d-%H}"
    if stream_name not in group["streams"]:
        cwl._create_log_stream({"logGroupName": group_name, "logStreamName": stream_name})
    cwl._append_log_events(group["streams"][stream_name], [{"timestamp": now, "message": line, "ingestionTime": now}])


def _lowered(configuration: State) -> State:
    """Return a configuration with lower-case names: templates and the API spell them differently."""
    return {key.lower(): value for key, value in configuration.items()}
