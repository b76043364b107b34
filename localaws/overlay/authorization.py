"""IAM decisions that ministack takes on the wrong resource, or with the wrong keys."""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator

from localaws.overlay import tasks
from localaws.overlay.identity import role_of

# Services whose handlers decide by themselves, on the resources they know; ministack checks the signature alone.
SELF_DECIDING = {"sagemaker", "application-autoscaling"}
# Logs actions about a stream, which policies name as `<ARN of the group>:*`.
LOG_STREAM_ACTIONS = {"CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents"}

_action = iam_actions.extract_iam_action
_resource = iam_actions.extract_resource_arn
_condition_key = iam_evaluator._resolve_condition_key


def install() -> None:
    """Replace what ministack's dispatcher asks about each request."""
    iam_actions.extract_iam_action = extract_action
    iam_actions.extract_resource_arn = extract_resource
    iam_evaluator._resolve_condition_key = resolve_condition_key


def extract_action(service: str, *request: Any) -> Any:
    """Return the action of a request; none for services that decide by themselves."""
    return None if service in SELF_DECIDING else _action(service, *request)


def extract_resource(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> Any:
    """Return the ARN a request is about; an answer to a task token is about the machine that waits."""
    if service == "states" and ".SendTask" in headers.get("x-amz-target", ""):
        return tasks.machine_of_token(json.loads(body or b"{}").get("taskToken", "")) or "*"
    found = _resource(service, method, path, headers, body, *rest)
    if service == "logs" and headers.get("x-amz-target", "").rpartition(".")[2] in LOG_STREAM_ACTIONS:
        return f"{found}:log-stream:{json.loads(body or b'{}').get('logStreamName', '')}"
    return found


def resolve_condition_key(key: str, context: Any) -> Any:
    """Return a condition key's value; aws:PrincipalArn of a role's session is the role.

    Calls come over loopback without TLS, which SDKs never do on AWS: here every call counts as sent over TLS.
    """
    if key.lower() == "aws:principalarn":
        return role_of(context.principal_arn) or context.principal_arn
    if key.lower() == "aws:securetransport":
        return "true"
    return _condition_key(key, context)
