"""CloudFormation stacks: made or changed, and waited for."""

import time
from typing import Any

from botocore.exceptions import ClientError

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_WAIT_SECONDS = 300
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


class StackError(Exception):
    """A stack did not reach its end."""


def deploy(client: Any, name: str, template_url: str, parameters: dict[str, str]) -> dict[str, str]:
    """Create or update a stack; return its outputs.

    Raises:
        StackError: it was refused or failed; the message has each failed resource's reason.
    """
    arguments = {
        "StackName": name,
        "TemplateURL": template_url,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": CAPABILITIES,
    }
    try:
        if _status(client, name) is None:
            client.create_stack(**arguments)
        else:
            client.update_stack(**arguments)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        if "No updates are to be performed" not in message:
            raise StackError(f"stack {name!r} was refused: {message}") from error
    return _finished(client, name)


def _finished(client: Any, name: str) -> dict[str, str]:
    """Wait for a stack's end and return its outputs."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (status := _status(client, name)) is not None and status.endswith("IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise StackError(f"stack {name!r} is {status} after {_WAIT_SECONDS} s")
        time.sleep(0.2)
    if status not in _DONE:
        raise StackError(f"stack {name!r} is {status}: {_reasons(client, name)}")
    stack = client.describe_stacks(StackName=name)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def _status(client: Any, name: str) -> str | None:
    """Return a stack's status, or None where there is no such stack."""
    try:
        return str(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise


def _reasons(client: Any, name: str) -> str:
    """Return why resources failed."""
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]
    return "; ".join(failed) or "no event names a reason"
