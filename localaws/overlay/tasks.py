"""Task states: deadlines, callbacks by task token with heartbeats, and child executions that are waited for."""

import concurrent.futures
import contextvars
import json
import threading
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import stepfunctions as sfn

from localaws.overlay import endings, integrations, tokens
from localaws.overlay.runs import State, current, runs

FOREVER = 99_999_999
START_SYNC = ("arn:aws:states:::states:startExecution.sync", "arn:aws:states:::states:startExecution.sync:2")

_execute_task = sfn._execute_task


@dataclass
class Attempt:
    """What the task in hand needs beyond its arguments."""

    context: State
    credentials: str | None


_attempt: contextvars.ContextVar[Attempt] = contextvars.ContextVar("attempt")


def execute_task(state: State, payload: Any, execution: State, context: State) -> Any:
    """Run a Task state with its deadlines resolved; a stopped execution starts no task."""
    runs.check(execution)
    resolved = dict(state)
    for field, default in (("TimeoutSeconds", FOREVER), ("HeartbeatSeconds", None)):
        value = _seconds(state, field, payload, context)
        if value is not None or default is not None:
            resolved[field] = value if value is not None else default
    _attempt.set(Attempt(context, _credentials(state, payload, context)))
    return _execute_task(resolved, payload, execution, context)


def invoke_resource(resource: str, arguments: Any) -> Any:
    """Call what a Task names, as the machine's role or as the role in its Credentials."""
    role = _attempt.get().credentials
    given = {**arguments, "__credentials": role} if role and isinstance(arguments, dict) else arguments
    return integrations.invoke(resource, given)


def invoke_with_timeout(resource: str, arguments: Any, seconds: float) -> Any:
    """Call what a Task names; States.Timeout when no answer came in time."""
    _note_start(resource)
    if resource in START_SYNC:
        return run_child(resource, arguments, seconds)
    future = _in_background(resource, arguments)
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    if not current.get().wait(done, seconds):
        raise sfn._ExecutionError("States.Timeout", f"The task did not answer within {seconds} seconds.")
    return future.result()


def run_child(resource: str, arguments: Any, seconds: float) -> Any:
    """Start an execution and wait for its end; it is stopped with this one, and when the time is over."""
    parent = current.get()
    started = invoke_resource("arn:aws:states:::states:startExecution", arguments)
    arn = started["ExecutionArn"]
    child = sfn._executions[arn]
    parent.children.add(arn)
    try:
        if not parent.wait(runs.of(child).finished, seconds):
            endings.stop_execution({"executionArn": arn, "cause": "The task that started it timed out."})
            raise sfn._ExecutionError("States.Timeout", f"{arn} did not end within {seconds} seconds.")
    finally:
        parent.children.discard(arn)
    return _child_result(child, as_json=resource.endswith(":2"))


def invoke_with_callback(resource: str, arguments: Any, token: str, state: State) -> Any:
    """Call what a Task names, then wait until its token is answered; a failed call fails the task at once."""
    run, attempt = current.get(), _attempt.get()
    _note_start(resource)
    info = tokens.issue(token, run.execution["stateMachineArn"])
    try:
        future = _in_background(resource.replace(".waitForTaskToken", ""), arguments)
        future.add_done_callback(lambda done: tokens.fail_with(info, done))
        tokens.await_answer(run, info, state["TimeoutSeconds"], state.get("HeartbeatSeconds"))
    finally:
        tokens.close(token)
        attempt.context["Task"] = {"Token": new_uuid()}
    if info["error"]:
        raise sfn._ExecutionError(info["error"]["Error"], info["error"]["Cause"])
    return json.loads(info["result"])


def _note_start(resource: str) -> None:
    """Put a task's start into the history."""
    kind = "lambda" if "lambda" in resource else "states"
    details = {"taskStartedEventDetails": {"resourceType": kind, "resource": resource}}
    endings.add_event(current.get().execution, "TaskStarted", details)


def error_matches(names: list[str], error: str) -> bool:
    """Tell whether a Retry's or Catch's ErrorEquals covers an error."""
    if error in names:
        return True
    if error == "States.HeartbeatTimeout" and "States.Timeout" in names:
        return True
    if error in ("States.DataLimitExceeded", "States.Runtime"):
        return False
    if "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error not in ("States.Timeout", "States.HeartbeatTimeout")


def _in_background(resource: str, arguments: Any) -> "concurrent.futures.Future[Any]":
    """Start a call in a thread of its own, in this task's context."""
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=1)
    future = pool.submit(contextvars.copy_context().run, invoke_resource, resource, arguments)
    pool.shutdown(wait=False)
    return future


def _child_result(child: State, *, as_json: bool) -> Any:
    """Return what a .sync integration returns, or fail as the child did."""
    described = {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        "StartDate": sfn._iso_to_epoch_ms(child["startDate"]),
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": sfn._iso_to_epoch_ms(child["stopDate"]),
    }
    if child["status"] != "SUCCEEDED":
        described |= {name: child[name.lower()] for name in ("Error", "Cause") if child.get(name.lower())}
        raise sfn._ExecutionError("States.TaskFailed", json.dumps(described))
    output = json.loads(child["output"]) if as_json else child["output"]
    return {**described, "Output": output, "OutputDetails": {"Included": True}}


def _seconds(state: State, field: str, payload: Any, context: State) -> float | None:
    """Return a deadline of a Task: a number, a path, or a JSONata expression."""
    if f"{field}Path" in state:
        return float(sfn._resolve_path_or_ctx(state[f"{field}Path"], payload, context))
    if field not in state:
        return None
    if sfn._state_query_language(state, context) == "JSONata":
        return float(sfn._jsonata_state_field(state, field, "number", payload, context))
    return float(state[field])


def _credentials(state: State, payload: Any, context: State) -> str | None:
    """Return the role a Task asks to act as, if it does."""
    credentials = state.get("Credentials")
    if not credentials:
        return None
    if sfn._state_query_language(state, context) == "JSONata":
        return str(sfn._apply_jsonata_template(credentials["RoleArn"], payload, context))
    return str(sfn._resolve_params_obj(credentials, payload, context)["RoleArn"])
