"""Task tokens: answered once, kept alive by heartbeats, given up at their deadline."""

import concurrent.futures
import json
import threading
import time
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import stepfunctions as sfn

from localaws.overlay.runs import Response, Run, State

REMEMBERED_TOKENS = 10_000

_send_success = sfn._send_task_success
_send_failure = sfn._send_task_failure
_send_heartbeat = sfn._send_task_heartbeat
_answering = threading.Lock()
_closed: dict[str, None] = {}
_machines: dict[str, str] = {}


def issue(token: str, state_machine: str) -> State:
    """Take answers for a token from now on; return where they appear."""
    info: State = {"event": threading.Event(), "result": None, "error": None, "heartbeat": None}
    info["beat"] = time.monotonic()
    sfn._task_tokens[token] = info
    _machines[token] = state_machine
    return info


def send_task_success(data: State) -> Response:
    """Answer a token with a result: once, and with JSON."""
    try:
        json.loads(data.get("output", ""))
    except json.JSONDecodeError as error:
        return error_response_json("InvalidOutput", f"Invalid output: {error}", 400)  # type: ignore[no-any-return]
    return _answer(data, _send_success)


def send_task_failure(data: State) -> Response:
    """Answer a token with an error: once."""
    return _answer(data, _send_failure)


def send_task_heartbeat(data: State) -> Response:
    """Note that who holds a token is alive."""
    info = sfn._task_tokens.get(data.get("taskToken"))
    if info:
        info["beat"] = time.monotonic()
    return _answer(data, _send_heartbeat)


def machine_of_token(token: str) -> str | None:
    """Return the state machine whose execution waits, or waited, for a token."""
    return _machines.get(token)


def _answer(data: State, send: Any) -> Response:
    """Pass a token's answer on, unless the token was answered or given up before."""
    token = data.get("taskToken", "")
    with _answering:
        info = sfn._task_tokens.get(token)
        if token in _closed or (info and info["event"].is_set()):
            message = f"Task Timed Out: 'Provided task does not exist anymore: {token}'"
            return error_response_json("TaskTimedOut", message, 400)  # type: ignore[no-any-return]
        return send(data)  # type: ignore[no-any-return]


def await_answer(run: Run, info: State, seconds: float, heartbeat: float | None) -> None:
    """Wait for an answer as long as the deadline and the heartbeats allow."""
    deadline = time.monotonic() + seconds
    while True:
        now = time.monotonic()
        silent_at = info["beat"] + heartbeat if heartbeat else deadline
        if now >= deadline:
            raise sfn._ExecutionError("States.Timeout", f"The token was not answered within {seconds} seconds.")
        if now >= silent_at:
            raise sfn._ExecutionError("States.HeartbeatTimeout", f"No heartbeat came for {heartbeat} seconds.")
        if run.wait(info["event"], min(deadline, silent_at) - now):
            return


def fail_with(info: State, done: "concurrent.futures.Future[Any]") -> None:
    """Put the failure of the call that carried a token where its answer is awaited."""
    error = done.exception()
    if error and not info["event"].is_set():
        name = error.error if isinstance(error, sfn._ExecutionError) else "States.Runtime"
        cause = error.cause if isinstance(error, sfn._ExecutionError) else str(error)
        info["error"] = {"Error": name, "Cause": cause}
        info["event"].set()


def close(token: str) -> None:
    """Take no more answers for a token, and remember that it existed."""
    with _answering:
        sfn._task_tokens.pop(token, None)
        _closed[token] = None
        if len(_closed) > REMEMBERED_TOKENS:
            oldest = next(iter(_closed))
            _closed.pop(oldest)
            _machines.pop(oldest, None)
