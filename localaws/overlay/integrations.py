"""What a Task state calls: each integration is a real request, signed by the state machine's role."""

import base64
import datetime
import json
from typing import Any

import botocore.exceptions
from ministack.services import stepfunctions as sfn

from localaws.overlay import payloads
from localaws.overlay.machine_roles import client
from localaws.overlay.runs import current

# Optimised integrations: resource, botocore service, prefix of modelled errors, name of all others.
OPTIMISED = {
    "lambda:invoke": ("lambda", "Lambda", "Lambda.AWSLambdaException"),
    "states:startExecution": ("stepfunctions", "StepFunctions", "StepFunctions.AWSStepFunctionsException"),
    "events:putEvents": ("events", "EventBridge", "EventBridge.EventBridgeException"),
    "sqs:sendMessage": ("sqs", "SQS", "SQS.AmazonSQSException"),
    "sns:publish": ("sns", "SNS", "SNS.AmazonSNSException"),
    **{
        f"dynamodb:{action}": ("dynamodb", "DynamoDB", "DynamoDB.AmazonDynamoDBException")
        for action in ("getItem", "putItem", "updateItem", "deleteItem")
    },
}
# SDK integrations whose name differs from botocore's.
BOTOCORE_NAMES = {
    "applicationautoscaling": "application-autoscaling",
    "cloudwatchlogs": "logs",
    "eventbridge": "events",
    "sagemakerruntime": "sagemaker-runtime",
    "sfn": "stepfunctions",
}
PREFIXES = {
    **sfn._AWS_SDK_ERROR_PREFIX,
    "applicationautoscaling": "ApplicationAutoScaling",
    "codebuild": "CodeBuild",
    "sagemaker": "SageMaker",
    "sagemakerruntime": "SageMakerRuntime",
    "scheduler": "Scheduler",
}
JSON_TEXT = {"SendMessage": ("MessageBody",), "Publish": ("Message",), "StartExecution": ("Input",)}


def invoke(resource: str, arguments: Any) -> Any:
    """Call the service a Task's resource names; raise the error name Step Functions would."""
    payloads.check(arguments, "The task's arguments")
    name = resource.removeprefix("arn:aws:states:::")
    if ":function:" in resource:
        return invoke_function({"FunctionName": resource, "Payload": arguments})["Payload"]
    if name == "lambda:invoke":
        return invoke_function(arguments)
    if name.startswith("aws-sdk:"):
        _, service, action = name.split(":")
        botocore_name = BOTOCORE_NAMES.get(service.lower(), service.lower())
        prefix = PREFIXES.get(service.lower(), service.capitalize())
        return call(botocore_name, action, arguments, prefix, f"{prefix}.{prefix}Exception")
    if name in OPTIMISED:
        service, prefix, other = OPTIMISED[name]
        return _checked(name, call(service, name.split(":")[1], _completed(name, arguments), prefix, other))
    raise sfn._ExecutionError("States.Runtime", f"The resource {resource} is not emulated.")


def invoke_function(arguments: Any) -> Any:
    """Invoke a function; its own exception becomes the task's error, by name."""
    wire = {**arguments, "Payload": json.dumps(arguments.get("Payload", {})).encode()}
    answer = call("lambda", "invoke", wire, "Lambda", "Lambda.AWSLambdaException")
    text = answer.get("Payload") or "null"
    if answer.get("FunctionError"):
        failure = json.loads(text)
        raise sfn._ExecutionError(failure.get("errorType", "Lambda.Unknown"), text)
    return {**answer, "Payload": json.loads(text)}


def call(service: str, action: str, arguments: Any, prefix: str, other_error: str) -> Any:
    """Make one request as the running execution's role, and return the answer in Step Functions' spelling."""
    made = _client_for(service, arguments)
    operation = made.meta.service_model.operation_model(_operation(made, action))
    parameters = _to_wire(_textual(operation.name, arguments), operation.input_shape)
    try:
        answer = getattr(made, botocore.xform_name(operation.name))(**parameters)
    except botocore.exceptions.ParamValidationError as error:
        raise sfn._ExecutionError("States.Runtime", f"{service}:{action}: {error}") from error
    except botocore.exceptions.ClientError as error:
        raise _failed(error, operation, prefix, other_error) from error
    except botocore.exceptions.BotoCoreError as error:
        raise sfn._ExecutionError(f"{prefix}.SdkClientException", str(error)) from error
    answer.pop("ResponseMetadata", None)
    return _to_states(answer, operation.output_shape)


def _client_for(service: str, arguments: Any) -> Any:
    """Return the client of the execution's role, or of the role the task's Credentials name."""
    run = current.get()
    target = arguments.pop("__credentials", None) if isinstance(arguments, dict) else None
    return client(service, target, through=run.role_arn) if target else client(service, run.role_arn)


def _operation(made: Any, action: str) -> str:
    """Return botocore's name of an action."""
    wanted = action.lower()
    for name in made.meta.service_model.operation_names:
        if name.lower() == wanted:
            return str(name)
    raise sfn._ExecutionError("States.Runtime", f"{made.meta.service_model.service_name} has no action {action}.")


def _failed(error: botocore.exceptions.ClientError, operation: Any, prefix: str, other: str) -> Exception:
    """Name a service's error: modelled ones by their own name, everything else by the service's."""
    code = error.response["Error"]["Code"].rsplit("#", 1)[-1].rsplit(".", 1)[-1]
    message = f"{error.response['Error'].get('Message', '')} (Service: {prefix}, Status Code: " + (
        f"{error.response['ResponseMetadata']['HTTPStatusCode']})"
    )
    modelled = {shape.name for shape in operation.error_shapes}
    modelled |= {shape.metadata.get("error", {}).get("code", shape.name) for shape in operation.error_shapes}
    if code not in modelled:
        return sfn._ExecutionError(other, f"{code}: {message}")  # type: ignore[no-any-return]
    name = code if code.endswith("Exception") else f"{code}Exception"
    return sfn._ExecutionError(f"{prefix}.{name}", message)  # type: ignore[no-any-return]


def _completed(name: str, arguments: Any) -> Any:
    """Add what an optimised integration adds by itself: putEvents names the execution."""
    if name != "events:putEvents":
        return arguments
    arn = current.get().execution["executionArn"]
    entries = [
        {**entry, "Detail": _text(entry.get("Detail", {})), "Resources": [*entry.get("Resources", []), arn]}
        for entry in arguments.get("Entries", [])
    ]
    return {**arguments, "Entries": entries}


def _checked(name: str, answer: Any) -> Any:
    """Fail where an optimised integration fails by itself: putEvents on a refused entry."""
    if name == "events:putEvents" and answer.get("FailedEntryCount"):
        raise sfn._ExecutionError("EventBridge.FailedEntry", json.dumps(answer))
    return answer


def _textual(operation: str, arguments: Any) -> Any:
    """Write objects as JSON text where the API takes text."""
    fields = JSON_TEXT.get(operation, ())
    return {key: _text(value) if key in fields else value for key, value in (arguments or {}).items()}


def _text(value: Any) -> str:
    """Return text as it is and anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _to_wire(value: Any, shape: Any) -> Any:
    """Spell a task's arguments as the API's model does: member names match whatever their case."""
    if shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name.lower(): name for name in shape.members}
        spelt = {names.get(key.lower(), key): item for key, item in value.items()}
        return {key: _to_wire(item, shape.members.get(key)) for key, item in spelt.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_wire(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _to_wire(item, shape.value) for key, item in value.items()}
    return value


def _to_states(value: Any, shape: Any) -> Any:
    """Spell an answer as Step Functions does: capital first letters, dates as ISO text, bodies as text."""
    if isinstance(value, dict):
        if shape is not None and shape.type_name == "map":
            return {key: _to_states(item, shape.value) for key, item in value.items()}
        members = shape.members if shape is not None and shape.type_name == "structure" else {}
        return {sfn._api_name_to_sfn_key(key): _to_states(item, members.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_states(item, shape.member if shape is not None else None) for item in value]
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        return value.read().decode("utf-8", errors="replace")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value
