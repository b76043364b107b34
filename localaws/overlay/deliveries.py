"""EventBridge's targets: delivered with permission, or put in the target's dead-letter queue with the reason."""

import contextvars
import json
import logging
from typing import Any, NamedTuple

from ministack.core.arn import parse_arn
from ministack.core.responses import request_scope
from ministack.services import eventbridge as eb
from ministack.services import lambda_svc, sns, sqs
from ministack.services import stepfunctions as sfn

from localaws.overlay import buses, executions, grants
from localaws.overlay.identity import AccessDeniedError

SERVICES = ("lambda", "sqs", "sns", "states", "events")
ACTIONS = {"lambda": "lambda:InvokeFunction", "sqs": "sqs:SendMessage", "sns": "sns:Publish"}

logger = logging.getLogger("localaws.events")
_invoke_target = eb._invoke_target
_to_sqs = eb._dispatch_to_sqs


class UndeliverableError(Exception):
    """A target cannot take an event, now or later."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Delivery(NamedTuple):
    """One event on its way to one target of a rule or a schedule."""

    target: dict[str, Any]
    event: dict[str, Any]
    rule: dict[str, Any]

    @property
    def principal(self) -> str:
        """The service that delivers."""
        return "scheduler" if "GroupName" in self.rule else "events"

    @property
    def source(self) -> str:
        """The rule's or schedule's ARN."""
        return str(self.rule.get("Arn", ""))


_delivery: contextvars.ContextVar[Delivery] = contextvars.ContextVar("delivery")


def install() -> None:
    """Replace how targets are reached."""
    eb._invoke_target = invoke_target
    eb._target_matches_request_scope = lambda spec: True
    eb._dispatch_to_lambda = lambda arn, payload: _attempt(_to_lambda, arn, payload)
    eb._dispatch_to_sqs = lambda spec, payload, parameters=None: _attempt(_to_queue, str(spec), payload, parameters)
    eb._dispatch_to_sns = lambda arn, payload: _attempt(_to_topic, arn, payload)
    eb._dispatch_to_stepfunctions = lambda arn, payload: _attempt(_to_machine, arn, payload)
    eb._dispatch_to_event_bus = lambda spec, *rest: _attempt(_to_bus, str(spec), "")


def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
    """Deliver one event to one target, knowing for whom."""
    token = _delivery.set(Delivery(target, event, rule))
    try:
        service = target.get("Arn", "").split(":")[2:3]
        if service and service[0] not in SERVICES:
            _attempt(_unsupported, target["Arn"], json.dumps(eb._pattern_event_view(event).event_with_detail()))
        _invoke_target(target, event, rule, view)
    finally:
        _delivery.reset(token)


def _attempt(deliver: Any, arn: str, payload: str, *rest: Any) -> None:
    """Deliver, or tell the dead-letter queue why not."""
    try:
        deliver(arn, payload, *rest)
    except UndeliverableError as error:
        _bury(_delivery.get(), arn, payload, error.code, str(error))
    except AccessDeniedError as error:
        _bury(_delivery.get(), arn, payload, "NO_PERMISSIONS", str(error))
    except Exception as error:
        logger.exception("%s: the delivery itself failed", arn)
        _bury(_delivery.get(), arn, payload, "SDK_CLIENT_ERROR", repr(error))


def _unsupported(arn: str, payload: str) -> None:
    """Say that a kind of target is not emulated."""
    raise UndeliverableError("SDK_CLIENT_ERROR", f"Targets like {arn} are not emulated.")


def _to_lambda(arn: str, payload: str) -> None:
    """Hand an event to a function's asynchronous queue: its retries and its own dead letters follow."""
    account = arn.split(":")[4]
    with request_scope(account, arn.split(":")[3]):
        func, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not func or not config:
            raise UndeliverableError("RESOURCE_NOT_FOUND", f"Function not found: {name}")
        _permit(arn, (lambda_svc.function_policy_for_arn(arn) or [None])[0])
        called = lambda_svc._execution_record_for_config(func, {**config, "FunctionArn": arn})
        lambda_svc.invoke_async_with_retry(called, json.loads(payload))


def _to_queue(arn: str, payload: str, parameters: Any) -> None:
    """Send an event to a queue whose policy takes it."""
    found = sqs.queue_policy_for_arn(arn)
    if found is None:
        raise UndeliverableError("RESOURCE_NOT_FOUND", f"Queue not found: {arn}")
    _permit(arn, found[0])
    _to_sqs(parse_arn(arn), payload, parameters)


def _to_topic(arn: str, payload: str) -> None:
    """Publish an event to a topic whose policy takes it."""
    found = sns.topic_policy_for_arn(arn)
    if found is None:
        raise UndeliverableError("RESOURCE_NOT_FOUND", f"Topic not found: {arn}")
    _permit(arn, found[0])
    sns.publish_internal(arn, payload, "EventBridge Notification")


def _to_machine(arn: str, payload: str) -> None:
    """Start an execution as the target's role."""
    if sfn._resolve_state_machine_arn(arn) is None:
        raise UndeliverableError("RESOURCE_NOT_FOUND", f"State machine not found: {arn}")
    role = _delivery.get().target.get("RoleArn")
    if not role:
        raise UndeliverableError("NO_PERMISSIONS", f"The target {arn} has no RoleArn to start executions with.")
    grants.role_may(role, "states:StartExecution", arn)
    status, _, body = executions.start_execution({"stateMachineArn": arn, "input": payload})
    if status >= 400:
        raise UndeliverableError("INVALID_PARAMETER", body.decode())


def _to_bus(arn: str, payload: str) -> None:
    """Forward the event itself to another bus."""
    target, event, rule = _delivery.get()
    here = eb._rule_key(rule["Name"], rule.get("EventBusName", "default"))
    path = event.get("_DispatchPath") or []
    if here in path:
        logger.warning("%s: the event has come round in a circle and is dropped", rule["Arn"])
        return
    try:
        buses.forward({**event, "_DispatchPath": [*path, here]}, arn, target.get("RoleArn"))
    except buses.BusError as error:
        raise UndeliverableError("NO_PERMISSIONS", str(error)) from error


def _permit(arn: str, policy: Any) -> None:
    """Raise unless the resource's policy, or the role the target names, lets the event in."""
    delivery = _delivery.get()
    service = arn.split(":")[2]
    role = delivery.target.get("RoleArn")
    if role and (delivery.principal == "scheduler" or service != "lambda"):
        grants.role_may(role, ACTIONS[service], arn)
    elif not grants.service_may(policy, delivery.principal, ACTIONS[service], arn, delivery.source):
        message = f"The policy of {arn} does not let {delivery.principal}.amazonaws.com in from {delivery.source}."
        raise UndeliverableError("NO_PERMISSIONS", message)


def _bury(delivery: Delivery, arn: str, payload: str, code: str, message: str) -> None:
    """Send an event that could not be delivered to the target's dead-letter queue, if that takes it."""
    logger.warning("%s: %s was not delivered: %s %s", delivery.source, arn, code, message)
    queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn")
    if not queue:
        return
    found = sqs.queue_policy_for_arn(queue)
    allowed = found and (
        delivery.target.get("RoleArn")
        if delivery.principal == "scheduler"
        else grants.service_may(found[0], "events", "sqs:SendMessage", queue, delivery.source)
    )
    if not allowed:
        logger.error("%s: the event is lost, %s does not exist or does not take it", delivery.source, queue)
        return
    facts = {"RULE_ARN": delivery.source, "TARGET_ARN": arn, "ERROR_CODE": code, "ERROR_MESSAGE": message}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in facts.items()}
    body = payload or json.dumps(eb._pattern_event_view(delivery.event).event_with_detail())
    _, _, _, region, account, name = queue.split(":", 5)
    with request_scope(account, region):
        url = sqs._queue_name_to_url.get(name) or sqs._queue_url_for_account(account, name)
        sqs._act_send_message({"QueueUrl": url, "MessageBody": body, "MessageAttributes": attributes}, url)
