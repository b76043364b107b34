"""What a request is about, where ministack reads another resource, or none, out of it."""

import json
from collections.abc import Callable
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region

from localaws.overlay import tokens

Payload = dict[str, Any]

# Logs actions about a stream, which policies name as `<ARN of the group>:*`.
LOG_STREAM_ACTIONS = {"CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents"}

_found = iam_actions.extract_resource_arn


def install() -> None:
    """Replace how the dispatcher reads the resource of a request."""
    iam_actions.extract_resource_arn = extract_resource


def extract_resource(
    service: str, method: str, path: str, headers: dict[str, str], body: bytes, params: Payload, *rest: Any
) -> Any:
    """Return the ARN a request is about."""
    found = _found(service, method, path, headers, body, params, *rest)
    read = _READERS.get(service)
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    return read(str(found), action, {**_flat(params), **_payload(body)}) if read else found


def _states(found: str, action: str, payload: Payload) -> str:
    """An answer to a task token is about the machine that waits."""
    if action.startswith("SendTask"):
        return tokens.machine_of_token(payload.get("taskToken", "")) or "*"
    return found


def _logs(found: str, action: str, payload: Payload) -> str:
    """An action about a stream names the stream."""
    return f"{found}:log-stream:{payload.get('logStreamName', '')}" if action in LOG_STREAM_ACTIONS else found


def _monitoring(found: str, action: str, payload: Payload) -> str:
    """Alarms are named one by one, in a list, or by ARN."""
    if found != "*" or "Alarm" not in action + payload.get("ResourceARN", ""):
        return found if found != "*" else payload.get("ResourceARN", "*")
    names = payload.get("AlarmNames") or ["*"]
    return payload.get("ResourceARN") or _arn("cloudwatch", f"alarm:{names[0]}")


def _codebuild(found: str, action: str, payload: Payload) -> str:
    """A build belongs to its project."""
    builds = payload.get("ids") or [payload.get("id", "")]
    projects = payload.get("names") or [str(builds[0]).partition(":")[0]]
    return found if found != "*" or not projects[0] else _arn("codebuild", f"project/{projects[0]}")


def _events(found: str, action: str, payload: Payload) -> str:
    """A rule of the default bus has no bus in its ARN; targets name their rule by another field."""
    rule = payload.get("Rule")
    if rule and ":rule/" not in found:
        found = _arn("events", f"rule/{payload.get('EventBusName') or 'default'}/{rule}")
    return found.replace(":rule/default/", ":rule/")


def _scheduler(found: str, action: str, payload: Payload) -> str:
    """A schedule's ARN names its group."""
    group = payload.get("GroupName") or payload.get("groupName") or "default"
    return found.replace(":schedule/default/", f":schedule/{group}/")


def _arn(service: str, resource: str) -> str:
    """Return the ARN of a resource of the account in scope."""
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def _payload(body: bytes) -> Payload:
    """Return a JSON request's fields; those of other protocols are not read here."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _flat(params: Payload) -> Payload:
    """Return the first value of each query parameter."""
    return {name: values[0] if isinstance(values, list) and values else values for name, values in params.items()}


_READERS: dict[str, Callable[[str, str, Payload], str]] = {
    "states": _states,
    "logs": _logs,
    "monitoring": _monitoring,
    "codebuild": _codebuild,
    "events": _events,
    "scheduler": _scheduler,
}
