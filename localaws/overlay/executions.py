"""Executions of state machines: started once per name, with the definition they were started with."""

import contextlib
import contextvars
import json
import logging
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import stepfunctions as sfn

from localaws.overlay import payloads
from localaws.overlay.endings import deadline, fail_execution, succeed
from localaws.overlay.runs import TRANSITION, Response, Run, State, StoppedError, current, runs
from localaws.overlay.walking import walk

logger = logging.getLogger("localaws.states")

_requested: contextvars.ContextVar[str] = contextvars.ContextVar("requested_state_machine", default="")
_start = sfn._start_execution
_start_sync = sfn._start_sync_execution


def start_execution(data: dict[str, Any]) -> Response:
    """Start an execution; the same name and input again, while it runs, answer with the same execution."""
    if len(data.get("input", "{}").encode()) > payloads.MOST_BYTES:
        return invalid_input(f"input is longer than {payloads.MOST_BYTES} bytes")
    with TRANSITION, _asked_for(data):
        existing = _existing(data)
        if existing and existing["status"] == "RUNNING" and existing["input"] == data.get("input", "{}"):
            answer = {"executionArn": existing["executionArn"], "startDate": existing["startDate"]}
            return json_response(answer)  # type: ignore[no-any-return]
        return _start(data)  # type: ignore[no-any-return]


def start_sync_execution(data: dict[str, Any]) -> Response:
    """Run an execution to its end; versions and aliases are followed."""
    with _asked_for(data):
        base = sfn._resolve_state_machine_arn(data.get("stateMachineArn", ""))
        return _start_sync({**data, "stateMachineArn": base} if base else data)  # type: ignore[no-any-return]


def run_execution(arn: str) -> None:
    """Walk one execution to its end."""
    execution = sfn._executions.get(arn)
    if execution is None:
        return
    run = runs.of(execution)
    current.set(run)
    try:
        definition, machine = _definition(execution)
        run.role_arn = machine["roleArn"]
        with deadline(execution, definition.get("TimeoutSeconds")):
            given = json.loads(execution["input"])
            output = walk(definition["States"], definition["StartAt"], given, execution, _context(run, machine, given))
        succeed(execution, output)
    except StoppedError:
        logger.info("%s stopped: %s", arn, execution["status"])
    except sfn._ExecutionError as error:
        fail_execution(execution, error.error, error.cause)
    except Exception as error:
        logger.exception("%s failed unexpectedly", arn)
        fail_execution(execution, "States.Runtime", str(error))
    finally:
        runs.close(run)


def invalid_input(reason: str) -> Response:
    """Refuse the input of an execution."""
    return error_response_json("InvalidExecutionInput", f"Invalid State Machine Execution Input: {reason}", 400)  # type: ignore[no-any-return]


@contextlib.contextmanager
def _asked_for(data: dict[str, Any]) -> Iterator[None]:
    """Remember which version or alias a start names; the execution's thread copies it."""
    token = _requested.set(data.get("stateMachineArn", ""))
    try:
        yield
    finally:
        _requested.reset(token)


def _existing(data: dict[str, Any]) -> State | None:
    """Return the execution that already has the wanted name, of a Standard machine."""
    base = sfn._resolve_state_machine_arn(data.get("stateMachineArn", ""))
    machine = sfn._state_machines.get(base) if base else None
    if not machine or not data.get("name") or machine["type"] != "STANDARD":
        return None
    arn = base.replace(":stateMachine:", ":execution:") + f":{data['name']}"
    return sfn._executions.get(arn)  # type: ignore[no-any-return]


def _definition(execution: State) -> tuple[State, State]:
    """Return the definition an execution was started with, and the machine or version it belongs to."""
    version = sfn._execution_version_arn(_requested.get())
    record = sfn._state_machine_versions.get(version) if version else None
    machine = sfn._state_machines.get(execution["stateMachineArn"])
    if machine is None:
        raise sfn._ExecutionError("StateMachineDeleted", f"{execution['stateMachineArn']} no longer exists.")
    chosen = {**machine, **({"definition": record["definition"], "roleArn": record["roleArn"]} if record else {})}
    return json.loads(chosen["definition"]), chosen


def _context(run: Run, machine: State, given: Any) -> State:
    """Return the context object of a new execution."""
    execution = run.execution
    definition = json.loads(machine["definition"])
    return {
        "QueryLanguage": definition.get("QueryLanguage", "JSONPath"),
        "Execution": {
            "Id": execution["executionArn"],
            "Input": given,
            "Name": execution["name"],
            "RoleArn": machine["roleArn"],
            "StartTime": execution["startDate"],
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
        "variables": {},
    }
