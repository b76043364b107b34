"""Executions of our state machines: started by name, looked at, stopped."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session
from pressrun.canonical import canonical

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUNNING = "RUNNING"

_LONGEST_ERROR = 256
_LONGEST_CAUSE = 32_768


class Execution(NamedTuple):
    """An execution as DescribeExecution has it; `error` and `cause` are None where Step Functions leaves them out."""

    arn: str
    name: str
    status: str
    input: dict[str, Any]
    started_at: datetime
    error: str | None
    cause: str | None


def execution_arn(machine_arn: str, name: str) -> str:
    """Return the ARN that an execution of this name has or would have."""
    return f"{machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


class Executions:
    """Standard executions of the tools account."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    @classmethod
    def here(cls) -> Self:
        """Reach Step Functions with the function's own role."""
        return cls(own_session().client("stepfunctions"))

    def start(self, machine_arn: str, name: str, document: dict[str, Any]) -> str:
        """Start the execution of this name, unless there was one ever; return its ARN either way.

        StartExecution repeats its answer only for a byte-identical input, hence the canonical spelling.
        """
        try:
            answer = self._client.start_execution(
                stateMachineArn=machine_arn, name=name, input=canonical(document).decode()
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return execution_arn(machine_arn, name)
            raise
        return answer["executionArn"]

    def describe(self, arn: str) -> Execution | None:
        """Return an execution, or None where there is none of this ARN."""
        try:
            found = self._client.describe_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
        return Execution(
            arn=found["executionArn"],
            name=found["name"],
            status=found["status"],
            input=json.loads(found.get("input") or "{}"),
            started_at=found["startDate"],
            error=found.get("error"),
            cause=found.get("cause"),
        )

    def status(self, arn: str) -> str | None:
        """Return an execution's status as Step Functions spells it, or None where there is none."""
        found = self.describe(arn)
        return found.status if found else None

    def is_running(self, arn: str) -> bool:
        """Tell whether the execution runs."""
        return self.status(arn) == RUNNING

    def stop(self, arn: str, error: str, cause: str) -> None:
        """Stop an execution; it ends ABORTED with this error and cause. One that is not there is stopped already."""
        try:
            self._client.stop_execution(executionArn=arn, error=error[:_LONGEST_ERROR], cause=cause[:_LONGEST_CAUSE])
        except ClientError as failed:
            if failed.response["Error"]["Code"] != "ExecutionDoesNotExist":
                raise
