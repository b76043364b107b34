"""IAM decisions that ministack takes on the wrong resource, or with the wrong keys."""

import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region

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
    if service == "monitoring" and headers.get("x-amz-target", "").endswith(".DeleteAlarms"):
        return _alarm_arn(str(found), json.loads(body or b"{}").get("AlarmNames") or [""])
    return found


def _alarm_arn(found: str, names: list[str]) -> str:
    """Return the ARN of the first alarm named; ministack looks for a single name only."""
    return f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{names[0]}" if found == "*" else found


def resolve_condition_key(key: str, context: Any) -> Any:
    """Return a condition key's value; aws:PrincipalArn of a role's session is the role.

    Calls come over loopback without TLS, which SDKs never do on AWS: here every call counts as sent over TLS.
    """
    if key.lower() == "aws:principalarn":
        arn = _caller_of(context.principal_arn)
        return role_of(arn) or arn
    if key.lower() == "aws:securetransport":
        return "true"
    return _condition_key(key, context)


def _caller_of(principal_arn: str) -> str:
    """Return who really calls where ministack asks for the account only, as for another account's bucket."""
    caller = iam_evaluator.caller_arn()
    account = principal_arn.split(":")[4] if principal_arn.count(":") >= 5 else ""
    return caller if principal_arn.endswith(":root") and f":{account}:" in caller else principal_arn
