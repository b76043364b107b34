"""Resource types that ministack's CloudFormation accepts without looking."""

import json
import os
from collections.abc import Callable
from typing import Any

import yaml
from ministack.services import apigateway, eventbridge, lambda_svc
from ministack.services.cloudformation import provisioners

from localaws.overlay import definitions

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]
HANDLERS = provisioners._RESOURCE_HANDLERS

_definition_text = provisioners._sfn_definition


def install() -> None:
    """Put a check before the careless types."""
    provisioners._sfn_definition = definition_of
    _check_first("AWS::ApiGatewayV2::Api", _check_api)
    HANDLERS["AWS::Events::EventBus"] = _with_policy(HANDLERS["AWS::Events::EventBus"])
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


def _with_policy(handlers: dict[str, Any]) -> dict[str, Any]:
    """Let a bus's Policy count."""

    def create(logical_id: str, properties: Properties, stack: str) -> Created:
        return _put_policy(handlers["create"](logical_id, properties, stack), properties)

    def update(physical_id: str, old: Properties, new: Properties, stack: str) -> Created:
        return _put_policy(handlers["update"](physical_id, old, new, stack), new)

    return {**handlers, "create": create, "update": update}


def _put_policy(made: Created, properties: Properties) -> Created:
    """Write a bus's whole policy."""
    if properties.get("Policy"):
        eventbridge._event_bus_policies[made[0]] = properties["Policy"]
    return made


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
