"""The process a handler runs in: real error names, and no waiting for log lines that do not come."""

import contextvars
import queue
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localaws.overlay.seams import replace_fragment

END_OF_LOG = "\x1eend of invocation"
LOG_SECONDS = 0.25

_RETURN = '            _real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")\n'
_RAISE = (
    '            _real_stdout.write(json.dumps({"status": "error", "error": str(e), '
    '"trace": traceback.format_exc()}) + "\\n")\n'
)
_MEMORY = '"memory_limit_in_mb": init.get("memory", 128),'
_CLOSE_LOG = f'            print("{END_OF_LOG}", file=sys.stderr, flush=True)\n'
_REPORT = """            _reply = json.dumps({"status": "ok", "failure": {
                "errorMessage": str(e), "errorType": type(e).__name__, "requestId": _ms_ctx.get("request_id", ""),
                "stackTrace": traceback.format_tb(e.__traceback__)[1:]}})
            traceback.print_exc()
"""
_ENCODE = '            _reply = json.dumps({"status": "ok", "result": result})\n'
_WRITE_REPLY = '            _real_stdout.write(_reply + "\\n")\n'

_invoke = lambda_runtime.Worker.invoke
_execute_warm = lambda_svc._execute_function_warm
_failure: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar("handler_failure", default=None)


def install() -> None:
    """Repair the worker script and what is made of its replies."""
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    script = replace_fragment(script, _RETURN, _ENCODE + _CLOSE_LOG + _WRITE_REPLY)
    script = replace_fragment(script, _RAISE, _REPORT + _CLOSE_LOG + _WRITE_REPLY)
    script = replace_fragment(script, _MEMORY, '"memory_limit_in_mb": str(init.get("memory", 128)),')
    lambda_runtime._PYTHON_WORKER_SCRIPT = script
    lambda_runtime.Worker.invoke = invoke
    lambda_runtime.Worker._drain_stderr_bounded = drain_log
    lambda_svc._execute_function_warm = execute_warm


def invoke(worker: Any, event: Any, request_id: str, **extras: Any) -> Any:
    """Run one invocation and keep the handler's exception for whoever builds the answer."""
    reply = _invoke(worker, event, request_id, **extras)
    _failure.set(reply.get("failure"))
    return reply


def execute_warm(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    """Run a function; its exception is named as Lambda names it, and one without code is an error."""
    if not func.get("code_zip"):
        return _failed("Runtime.Unknown", "The function has no code.")
    _failure.set(None)
    result: dict[str, Any] = _execute_warm(func, event, request_id)
    failure = _failure.get()
    if failure:
        return {"body": failure, "error": True, "log": result.get("log", "")}
    if result.get("error"):
        result["body"] = _named(result["body"], request_id)
    return result


def drain_log(worker: Any, **_bounds: float) -> str:
    """Return what a handler wrote, up to the mark that ends each invocation."""
    lines = []
    give_up = time.monotonic() + LOG_SECONDS
    while (left := give_up - time.monotonic()) > 0:
        try:
            line = worker._stderr_queue.get(timeout=left)
        except queue.Empty:
            break
        if line.endswith(END_OF_LOG):
            lines.append(line.removesuffix(END_OF_LOG))
            break
        lines.append(line)
    return "\n".join(line for line in lines if line)


def _named(body: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Give an error of the runtime itself the name Lambda gives it."""
    message = str(body.get("errorMessage", ""))
    if message == "Worker process died":
        text = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
        return {"errorType": "Runtime.ExitError", "errorMessage": text}
    if message.startswith("Worker init failed: "):
        reason = message.removeprefix("Worker init failed: ")
        kind = "Runtime.ImportModuleError" if "No module named" in reason else "Runtime.InitError"
        return {"errorType": kind, "errorMessage": f"Unable to import the handler's module: {reason}"}
    if body.get("errorType") == "Sandbox.Timedout":
        return {**body, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return body


def _failed(kind: str, message: str) -> dict[str, Any]:
    """Return the result of an invocation that never reached a handler."""
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True, "log": ""}
