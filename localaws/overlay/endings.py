"""How executions end: succeeded, failed, timed out or stopped, once, with their event and their children."""

import contextlib
import contextvars
import json
import threading
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from localaws.overlay import machine_logs
from localaws.overlay.runs import TRANSITION, Response, State, runs

_stop = sfn._stop_execution
_record_event = sfn._add_event


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
        if execution["status"] != "RUNNING" and not kind.startswith("Execution"):
            return None
        event = _record_event(execution, kind, details)
    machine_logs.write(execution, event)
    return event


def succeed(execution: State, output: Any) -> None:
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
def deadline(execution: State, seconds: float | None) -> Iterator[None]:
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
