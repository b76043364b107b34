"""Resource types that ministack's CloudFormation lacks, and those it accepts without looking."""

import json
import os
from collections.abc import Callable
from typing import Any

import yaml
from ministack.services import apigateway, cloudwatch, eventbridge, lambda_svc
from ministack.services import stepfunctions as sfn
from ministack.services.cloudformation import provisioners

from localaws.overlay import definitions

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]
HANDLERS = provisioners._RESOURCE_HANDLERS

_definition_text = provisioners._sfn_definition


def install() -> None:
    """Register the missing types and put a check before the careless ones."""
    _register("AWS::Events::EventBusPolicy", _put_bus_policy, _remove_bus_policy)
    _register("AWS::Events::Archive", _put_archive, _remove_archive)
    _register("AWS::CloudWatch::CompositeAlarm", _put_composite, _remove_alarm)
    _register("AWS::IAM::RolePolicy", _put_role_policy, _remove_role_policy)
    _register("AWS::StepFunctions::StateMachineVersion", _publish_version, _remove_version)
    _register("AWS::StepFunctions::StateMachineAlias", _put_alias, _remove_alias)
    provisioners._sfn_definition = definition_of
    _check_first("AWS::ApiGatewayV2::Api", _check_api)
    HANDLERS["AWS::ApiGatewayV2::Api"] = _with_loopback_address(HANDLERS["AWS::ApiGatewayV2::Api"])
    _check_first("AWS::StepFunctions::StateMachine", _check_definition)
    _check_first("AWS::Lambda::Function", lambda properties: _check_code(properties.get("Code", {})))
    _check_first("AWS::Lambda::LayerVersion", lambda properties: _check_code(properties.get("Content", {})))


def definition_of(properties: Properties) -> str:
    """Return a machine's definition as JSON; a file in a bucket may be YAML."""
    text: str = _definition_text(properties)
    if text.lstrip().startswith("{"):
        return text
    return json.dumps(yaml.safe_load(text), default=str)


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

    HANDLERS[kind] = {"create": put, "update": update, "update_with_logical_id": True, "delete": remove}


def _check_first(kind: str, check: Callable[[Properties], None]) -> None:
    """Fail a create or update of a type when its properties do not hold."""
    handlers = HANDLERS[kind]
    create, update = handlers["create"], handlers.get("update")

    def checked_create(logical_id: str, properties: Properties, stack: str) -> Any:
        check(properties)
        return create(logical_id, properties, stack)

    def checked_update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        check(new)
        return update(physical_id, old, new, *rest)

    HANDLERS[kind] = {**handlers, "create": checked_create, **({"update": checked_update} if update else {})}


def _answer(kind: str, response: Any) -> dict[str, Any]:
    """Return a service's answer, or fail the resource with its message."""
    status, _, body = response
    if status >= 400:
        raise ValueError(f"{kind}: {body.decode() if isinstance(body, bytes) else body}")
    return json.loads(body) if body and body.lstrip()[:1] == b"{" else {}


def _check_definition(properties: Properties) -> None:
    """Refuse a state machine whose definition CreateStateMachine would refuse."""
    found = definitions.refusal(provisioners._sfn_definition(properties))
    if found:
        raise ValueError(found)


def _check_code(code: Properties) -> None:
    """Refuse code that is not in the bucket."""
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if bucket and lambda_svc._fetch_code_from_s3(bucket, key, code.get("S3ObjectVersion")) is None:
        raise ValueError(
            f"Error occurred while GetObject. S3 Error Code: NoSuchKey. s3://{bucket}/{key} does not exist."
        )


def _check_api(properties: Properties) -> None:
    """Refuse an API whose routes stand in an OpenAPI document; it would have none here."""
    if properties.get("Body") or properties.get("BodyS3Location"):
        raise ValueError("AWS::ApiGatewayV2::Api: Body is not emulated; give routes and integrations as resources.")


def _with_loopback_address(handlers: dict[str, Any]) -> dict[str, Any]:
    """Let an API's ApiEndpoint be an address every client can resolve; the stage follows it, as on AWS."""

    def addressed(act: Callable[..., Created]) -> Callable[..., Created]:
        def act_and_address(*arguments: Any) -> Created:
            api_id, attributes = act(*arguments)
            address = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/_aws/execute-api/{api_id}"
            apigateway._apis[api_id]["apiEndpoint"] = address
            return api_id, {**attributes, "ApiEndpoint": address}

        return act_and_address

    return {**handlers, "create": addressed(handlers["create"]), "update": addressed(handlers["update"])}


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
