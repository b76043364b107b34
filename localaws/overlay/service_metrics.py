"""Metrics that AWS's services publish of themselves: queues each minute, functions and state machines as they run."""

import logging
import threading
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc, sqs
from ministack.services import stepfunctions as sfn

INTERVAL_SECONDS = 60
STARTED = {"RUNNING": "ExecutionsStarted"}
ENDED = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
QUEUE_ATTRIBUTES = {
    "ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}

logger = logging.getLogger("localaws.metrics")
_dispatch = lambda_svc._execute_function_dispatch
_emit_metrics = lambda_svc._emit_lambda_metrics
_emit_status = sfn._emit_execution_status_event
_stopped = threading.Event()


def install() -> None:
    """Count what functions and executions do."""
    lambda_svc._execute_function_dispatch = execute_and_count
    lambda_svc._emit_lambda_metrics = count_throttles
    sfn._emit_execution_status_event = emit_and_count


def start_clock() -> None:
    """Measure all queues each minute from now on."""
    threading.Thread(target=_measure_for_ever, name="queue-metrics", daemon=True).start()


def shutdown() -> None:
    """Stop measuring."""
    _stopped.set()


def execute_and_count(
    func: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
) -> dict[str, Any]:
    """Run a function, however it was invoked, and count the run."""
    result: dict[str, Any] = _dispatch(func, config, event, request_id, started)
    spent = time.time() - started
    _emit_metrics(config.get("FunctionName", ""), spent * 1000, bool(result.get("error")), False)
    return result


def count_throttles(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
    """Count a call only when it was turned away; those that ran have been counted."""
    if throttle:
        _emit_metrics(name, duration_ms, error, throttle)


def emit_and_count(execution: dict[str, Any]) -> None:
    """Tell an execution's status to the bus, and count it."""
    _emit_status(execution)
    name = {**STARTED, **ENDED}[execution["status"]]
    cw.record_metric("AWS/States", name, 1, "Count", {"StateMachineArn": execution["stateMachineArn"]})


def measure_queues() -> None:
    """Publish how many messages every queue holds."""
    for (account, region, _), queue in list(sqs._queues._data.items()):
        with request_scope(account, region):
            sqs._refresh_counts(queue)
            dimensions = {"QueueName": queue["attributes"]["QueueArn"].rpartition(":")[2]}
            for attribute, metric in QUEUE_ATTRIBUTES.items():
                cw.record_metric("AWS/SQS", metric, float(queue["attributes"][attribute]), "Count", dimensions)


def _measure_for_ever() -> None:
    """Measure until told to stop."""
    while not _stopped.wait(INTERVAL_SECONDS):
        try:
            measure_queues()
        except Exception:
            logger.exception("the queues were not measured")
