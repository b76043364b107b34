"""Resource types that ministack's CloudFormation lacks."""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch, eventbridge
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def install() -> None:
    """Register the missing types."""
    _register("AWS::Events::EventBusPolicy", _put_bus_policy, _remove_bus_policy)
    _register("AWS::Events::Archive", _put_archive, _remove_archive)
    _register("AWS::CloudWatch::CompositeAlarm", _put_composite, _remove_alarm)
    _register("AWS::IAM::RolePolicy", _put_role_policy, _remove_role_policy)
    _register("AWS::StepFunctions::StateMachineVersion", _publish_version, _remove_version)
    _register("AWS::StepFunctions::StateMachineAlias", _put_alias, _remove_alias)


def _register(
    kind: str,
    put: Callable[[str, Properties, str], Created],
    remove: Callable[[str, Properties], None],
) -> None:
    """Add a type whose update is its creation, after what it replaced is gone when its id changes."""

    def update(
        physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> Created:
        return put(logical_id or physical_id, new, stack)

    provisioners._RESOURCE_HANDLERS[kind] = {
        "create": put,
        "update": update,
        "update_with_logical_id": True,
        "delete": remove,
    }


def _answer(kind: str, response: Any) -> dict[str, Any]:
    """Return a service's answer, or fail the resource with its message."""
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{kind}: {body.decode() if isinstance(body, bytes) else body}")
    return json.loads(body) if body and body.lstrip()[:1] == b"{" else {}


def _put_bus_policy(logical_id: str, properties: Properties, stack: str) -> Created:
    """Write one statement of a bus policy."""
    bus = properties.get("EventBusName", "default")
    if bus != "default" and bus not in eventbridge._event_buses:
        raise ValueError(f"Event bus {bus} does not exist.")
    if not isinstance(properties.get("Statement"), dict):
        raise ValueError("AWS::Events::EventBusPolicy: Statement is required, as an object.")
    sid = properties["StatementId"]
    _remove_bus_policy(f"{bus}|{sid}", properties)
    policy = eventbridge._event_bus_policies.get(bus) or {"Version": "2012-10-17", "Statement": []}
    statement = {**properties["Statement"], "Sid": sid}
    eventbridge._event_bus_policies[bus] = {**policy, "Statement": [*policy["Statement"], statement]}
    return f"{bus}|{sid}", {}


def _remove_bus_policy(physical_id: str, properties: Properties) -> None:
    """Take one statement out of a bus policy."""
    bus, _, sid = physical_id.partition("|")
    eventbridge._remove_permission({"EventBusName": bus, "StatementId": sid})


def _put_archive(logical_id: str, properties: Properties, stack: str) -> Created:
    """Create or update an archive."""
    name = properties.get("ArchiveName") or provisioners._physical_name(stack, logical_id, max_len=48)
    pattern = properties.get("EventPattern")
    wanted = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "Description": properties.get("Description", ""),
        "RetentionDays": int(properties.get("RetentionDays", 0)),
        **({"EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern} if pattern else {}),
    }
    act = eventbridge._update_archive if name in eventbridge._archives else eventbridge._create_archive
    answer = _answer("AWS::Events::Archive", act(wanted))
    return name, {"Arn": answer["ArchiveArn"], "ArchiveName": name}


def _remove_archive(physical_id: str, properties: Properties) -> None:
    """Delete an archive."""
    eventbridge._delete_archive({"ArchiveName": physical_id})


def _put_composite(logical_id: str, properties: Properties, stack: str) -> Created:
    """Create or update a composite alarm."""
    name = properties.get("AlarmName") or provisioners._physical_name(stack, logical_id, max_len=255)
    _answer(
        "AWS::CloudWatch::CompositeAlarm",
        cloudwatch._put_composite_alarm({}, {**properties, "AlarmName": name}, False, True),
    )
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _remove_alarm(physical_id: str, properties: Properties) -> None:
    """Delete a composite alarm."""
    cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, False, True)


def _put_role_policy(logical_id: str, properties: Properties, stack: str) -> Created:
    """Write an inline policy of a role."""
    as_policy = {**properties, "Roles": [properties["RoleName"]]}
    provisioners._iam_policy_require_entities(as_policy)
    provisioners._iam_policy_require_valid_document(as_policy)
    provisioners._iam_policy_put(as_policy, properties["PolicyName"])
    return f"{properties['PolicyName']}|{properties['RoleName']}", {}


def _remove_role_policy(physical_id: str, properties: Properties) -> None:
    """Remove an inline policy of a role."""
    name, _, role = physical_id.partition("|")
    provisioners._iam_policy_drop({"Roles": [role]}, name)


def _publish_version(logical_id: str, properties: Properties, stack: str) -> Created:
    """Publish a state machine as it is now."""
    wanted = {
        "stateMachineArn": properties["StateMachineArn"],
        "description": properties.get("Description", ""),
        "revisionId": properties.get("StateMachineRevisionId"),
    }
    answer = _answer("AWS::StepFunctions::StateMachineVersion", sfn._publish_state_machine_version(wanted))
    return answer["stateMachineVersionArn"], {"Arn": answer["stateMachineVersionArn"]}


def _remove_version(physical_id: str, properties: Properties) -> None:
    """Delete a version of a state machine."""
    sfn._delete_state_machine_version({"stateMachineVersionArn": physical_id})


def _put_alias(logical_id: str, properties: Properties, stack: str) -> Created:
    """Point an alias at a version of a state machine, at once."""
    preference = properties.get("DeploymentPreference", {})
    if preference.get("Type", "ALL_AT_ONCE") != "ALL_AT_ONCE":
        raise ValueError(
            f"AWS::StepFunctions::StateMachineAlias: deployments by {preference['Type']} are not emulated."
        )
    routes = properties.get("RoutingConfiguration") or [
        {"StateMachineVersionArn": preference["StateMachineVersionArn"], "Weight": 100}
    ]
    routing = [{"stateMachineVersionArn": r["StateMachineVersionArn"], "weight": int(r["Weight"])} for r in routes]
    name = properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=80)
    arn = f"{routing[0]['stateMachineVersionArn'].rpartition(':')[0]}:{name}"
    wanted = {"description": properties.get("Description", ""), "routingConfiguration": routing}
    if arn in sfn._state_machine_aliases:
        response = sfn._update_state_machine_alias({**wanted, "stateMachineAliasArn": arn})
    else:
        response = sfn._create_state_machine_alias({**wanted, "name": name})
    _answer("AWS::StepFunctions::StateMachineAlias", response)
    return arn, {"Arn": arn}


def _remove_alias(physical_id: str, properties: Properties) -> None:
    """Delete an alias of a state machine."""
    sfn._delete_state_machine_alias({"stateMachineAliasArn": physical_id})
