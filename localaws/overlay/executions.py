"""Executions of state machines: started once per name, stopped and timed out for real, walked state by state."""

import contextlib
import contextvars
import copy
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions as sfn

from localaws.overlay import payloads
from localaws.overlay.runs import TRANSITION, Run, StoppedError, current, runs

logger = logging.getLogger("localaws.states")

Response = tuple[int, dict[str, str], bytes]
State = dict[str, Any]

_requested: contextvars.ContextVar[str] = contextvars.ContextVar("requested_state_machine", default="")
_start = sfn._start_execution
_start_sync = sfn._start_sync_execution
_stop = sfn._stop_execution
_record_event = sfn._add_event


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


def stop_execution(data: dict[str, Any]) -> Response:
    """Abort an execution, wake it, and abort the children it waits for."""
    with TRANSITION:
        response: Response = _stop(data)
    if response[0] == 200:
        end_children(data["executionArn"])
    return response


def end_children(arn: str) -> None:
    """Wake whatever an ended execution waits for, and stop the executions it started with .sync."""
    run = runs.find(arn)
    if run:
        run.stop()
        for child in list(run.children):
            stop_execution({"executionArn": child, "cause": f"The parent execution {arn} ended."})


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
        with _deadline(execution, definition.get("TimeoutSeconds")):
            given = json.loads(execution["input"])
            output = walk(definition["States"], definition["StartAt"], given, execution, _context(run, machine, given))
        _succeed(execution, output)
    except StoppedError:
        logger.info("%s stopped: %s", arn, execution["status"])
    except sfn._ExecutionError as error:
        fail_execution(execution, error.error, error.cause)
    except Exception as error:
        logger.exception("%s failed unexpectedly", arn)
        fail_execution(execution, "States.Runtime", str(error))
    finally:
        runs.close(run)


def walk(states: dict[str, State], start: str, given: Any, execution: State, context: State) -> Any:
    """Run states from `start` until one ends, and return its output."""
    name: str | None = start
    payload = given
    while name:
        runs.check(execution)
        state = states.get(name)
        if state is None:
            raise sfn._ExecutionError("States.Runtime", f"There is no state {name!r}.")
        context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        kind = state["Type"]
        add_event(execution, f"{kind}StateEntered", _entered(name, payload))
        payload, following = _execute(state, payload, execution, context)
        payloads.check(payload, f"The state {name!r}")
        add_event(execution, f"{kind}StateExited", _exited(name, payload))
        name = following
    return payload


def run_branch(states: dict[str, State], start: str, given: Any, execution: State, context: State) -> Any:
    """Run a branch or an iteration in a context of its own: its token and variables are not its siblings'."""
    own = {**context, "variables": dict(context.get("variables", {}))}
    return walk(states, start, copy.deepcopy(given), execution, own)


def fail_execution(execution: State, error: str, cause: str) -> None:
    """End a running execution as FAILED."""
    with TRANSITION:
        if execution["status"] != "RUNNING":
            return
        execution.update(status="FAILED", error=error, cause=cause, stopDate=now_iso())
        execution["output"] = json.dumps({"Error": error, "Cause": cause})
        add_event(execution, "ExecutionFailed", {"executionFailedEventDetails": {"error": error, "cause": cause}})
    end_children(execution["executionArn"])
    sfn._emit_execution_status_event(execution)


def add_event(execution: State, kind: str, details: State | None = None) -> Any:
    """Append to an execution's history; an ended execution gets no more events but its end."""
    with TRANSITION:
        if execution["status"] == "RUNNING" or kind.startswith("Execution"):
            return _record_event(execution, kind, details)
        return None


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


def _execute(state: State, payload: Any, execution: State, context: State) -> tuple[Any, str | None]:
    """Run one state; return its output and the next state's name."""
    kind = state["Type"]
    if kind == "Fail":
        raise sfn._ExecutionError(*sfn._fail_state_error(state, payload, context))
    if kind == "Succeed":
        return _succeeded(state, payload, context), None
    if kind in ("Task", "Parallel", "Map"):
        act = {"Task": sfn._execute_task, "Parallel": sfn._execute_parallel, "Map": sfn._execute_map}[kind]
        return act(state, payload, execution, context)  # type: ignore[no-any-return]
    act = {"Pass": sfn._execute_pass, "Choice": sfn._execute_choice, "Wait": sfn._execute_wait}[kind]
    return act(state, payload, context)  # type: ignore[no-any-return]


def _succeeded(state: State, payload: Any, context: State) -> Any:
    """Return what a Succeed state puts out."""
    if sfn._state_query_language(state, context) == "JSONata":
        return sfn._apply_jsonata_output(state, payload, context, default=payload)
    return sfn._apply_output_path(state, sfn._apply_input_path(state, payload, context), context)


def _succeed(execution: State, output: Any) -> None:
    """End a running execution as SUCCEEDED."""
    text = json.dumps(output)
    with TRANSITION:
        if execution["status"] != "RUNNING":
            return
        execution.update(status="SUCCEEDED", output=text, stopDate=now_iso())
        add_event(execution, "ExecutionSucceeded", {"executionSucceededEventDetails": {"output": text}})
    sfn._emit_execution_status_event(execution)


def _time_out(execution: State) -> None:
    """End a running execution as TIMED_OUT."""
    with TRANSITION:
        if execution["status"] != "RUNNING":
            return
        execution.update(status="TIMED_OUT", stopDate=now_iso())
        add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
    end_children(execution["executionArn"])
    sfn._emit_execution_status_event(execution)


@contextlib.contextmanager
def _deadline(execution: State, seconds: float | None) -> Iterator[None]:
    """Time an execution out when it is still running after so many seconds."""
    if seconds is None:
        yield
        return
    timer = threading.Timer(seconds, contextvars.copy_context().run, [_time_out, execution])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _entered(name: str, payload: Any) -> State:
    """Return the history details of a state's start."""
    return {"stateEnteredEventDetails": {"name": name, "input": json.dumps(payload)}}


def _exited(name: str, payload: Any) -> State:
    """Return the history details of a state's end."""
    return {"stateExitedEventDetails": {"name": name, "output": json.dumps(payload)}}
