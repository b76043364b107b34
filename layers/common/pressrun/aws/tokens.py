"""Answers to states that wait by task token."""

import json
from typing import Any

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session

# What a second answer to a token gets, and one that comes after its deadline.
_OVER = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}


def succeed_task(token: str, output: dict[str, Any]) -> bool:
    """Answer a waiting state with a result; tell whether it still waited."""
    return _answered(lambda states: states.send_task_success(taskToken=token, output=json.dumps(output)))


def fail_task(token: str, error: str, cause: str) -> bool:
    """Answer a waiting state with an error; tell whether it still waited."""
    return _answered(lambda states: states.send_task_failure(taskToken=token, error=error, cause=cause))


def _answered(send: Any) -> bool:
    try:
        send(own_session().client("stepfunctions"))
    except ClientError as error:
        if error.response["Error"]["Code"] in _OVER:
            return False
        raise
    return True
