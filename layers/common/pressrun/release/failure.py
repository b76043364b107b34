"""The first cause of a failed execution, found under the errors of its parents."""

import json

from pydantic import BaseModel, ConfigDict

_DEPTH = 5
_UNKNOWN = "no cause given"


class Failure(BaseModel):
    """A named error with its message."""

    model_config = ConfigDict(frozen=True)

    error: str
    cause: str


def root_failure(error: str | None, cause: str | None) -> Failure:
    """Unwrap a child execution's error, and a Lambda function's, down to its own name and message.

    A nested execution that failed reaches its parent as States.TaskFailed with the child's description (Error, Cause)
    as JSON; a function's exception as its class name with {errorType, errorMessage} as JSON.
    """
    name, message = error or "States.Runtime", cause or _UNKNOWN
    for _ in range(_DEPTH):
        inner = _document(message)
        if "errorMessage" in inner:
            return Failure(error=str(inner.get("errorType") or name), cause=str(inner["errorMessage"]))
        if "Status" in inner:
            name = str(inner.get("Error") or _of_status(str(inner["Status"])))
            message = str(inner.get("Cause") or f"execution {inner.get('Name', '')} ended {inner['Status']}")
            continue
        break
    return Failure(error=name, cause=message[:2000])


def _of_status(status: str) -> str:
    return {"TIMED_OUT": "States.Timeout", "ABORTED": "ReleaseAbortedError"}.get(status, "States.TaskFailed")


def _document(text: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
