import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.localaws.overlay.resources import event_queue, function, machine, one_state, role, unique, until
from tests.localaws.process import LocalAws

COUNTS = """
import boto3

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl={queue!r}, MessageBody="tried")
    {then}
"""


def queue(aws: LocalAws, *, open_to_events: bool = True, account: str = "tools") -> tuple[str, str]:
    """Make a queue and return its URL and ARN."""
    sqs, name = aws.client("sqs", account), unique("queue")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    if open_to_events:
        statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                     "Resource": arn}  # fmt: skip
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    return url, arn


def received(aws: LocalAws, url: str, account: str = "tools") -> Callable[[], list[Any]]:
    """Collect a queue's messages; the answer returns those that came so far."""
    seen: list[Any] = []

    def collected() -> list[Any]:
        found = aws.client("sqs", account).receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=1
        )
        seen.extend(found.get("Messages", []))
        return seen

    return collected


def rule(aws: LocalAws, target: dict[str, Any], account: str = "tools", bus: str = "default") -> tuple[str, str]:
    """Make a rule for a source of its own; return that source and the rule's ARN."""
    events, source = aws.client("events", account), unique("source")
    pattern = json.dumps({"source": [source]})
    arn = events.put_rule(Name=source, EventPattern=pattern, EventBusName=bus)["RuleArn"]
    events.put_targets(Rule=source, EventBusName=bus, Targets=[{"Id": "one", **target}])
    return source, arn


def put(aws: LocalAws, source: str, account: str = "tools", **fields: Any) -> dict[str, Any]:
    entry = {"Source": source, "DetailType": "Happened", "Detail": json.dumps({"n": 1}), **fields}
    answer = aws.client("events", account).put_events(Entries=[entry])["Entries"][0]
    return dict(answer)


def permit(aws: LocalAws, function_arn: str, rule_arn: str) -> None:
    aws.client("lambda").add_permission(
        FunctionName=function_arn, StatementId=unique("rule"), Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com", SourceArn=rule_arn,
    )  # fmt: skip


def buried(aws: LocalAws, target: dict[str, Any]) -> dict[str, Any]:
    """Send one event to a target that cannot take it, and return what its dead-letter queue got."""
    url, arn = queue(aws)
    source, rule_arn = rule(aws, {**target, "DeadLetterConfig": {"Arn": arn}})
    put(aws, source)
    [message] = until(received(aws, url))
    facts = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (facts["RULE_ARN"], facts["TARGET_ARN"]) == (rule_arn, target["Arn"])
    assert json.loads(message["Body"])["source"] == source
    return facts


def test_a_failing_function_is_tried_three_times_and_its_own_dead_letter_queue_gets_the_event(
    localaws: LocalAws,
) -> None:
    counted, _ = queue(localaws)
    dead, dead_arn = queue(localaws)
    source_code = COUNTS.format(queue=counted, then="raise ValueError('no')")
    name = function(localaws, source_code, DeadLetterConfig={"TargetArn": dead_arn})
    source, rule_arn = rule(localaws, {"Arn": name})
    permit(localaws, name, rule_arn)
    put(localaws, source)
    assert until(received(localaws, dead))
    assert len(received(localaws, counted)()) == 3


def test_a_function_without_permission_gets_nothing_and_the_event_is_kept(localaws: LocalAws) -> None:
    counted, _ = queue(localaws)
    name = function(localaws, COUNTS.format(queue=counted, then="return {}"))
    assert buried(localaws, {"Arn": name})["ERROR_CODE"] == "NO_PERMISSIONS"
    assert received(localaws, counted)() == []


def test_a_rule_calls_an_alias(localaws: LocalAws) -> None:
    counted, _ = queue(localaws)
    functions = localaws.client("lambda")
    name = function(localaws, COUNTS.format(queue=counted, then="return {}"), Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    source, rule_arn = rule(localaws, {"Arn": f"{name}:live"})
    functions.add_permission(
        FunctionName=name, Qualifier="live", StatementId="rule", Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com", SourceArn=rule_arn,
    )  # fmt: skip
    put(localaws, source)
    assert until(received(localaws, counted))


def test_an_alias_has_retries_and_a_destination_of_its_own(localaws: LocalAws) -> None:
    counted, _ = queue(localaws)
    failed, failed_arn = queue(localaws)
    functions = localaws.client("lambda")
    name = function(localaws, COUNTS.format(queue=counted, then="raise ValueError('no')"), Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.put_function_event_invoke_config(
        FunctionName=name, Qualifier="live", MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": failed_arn}},
    )  # fmt: skip
    functions.invoke(FunctionName=f"{name}:live", InvocationType="Event", Payload=b'{"n": 1}')
    [message] = until(received(localaws, failed))
    assert json.loads(message["Body"])["requestPayload"] == {"n": 1}
    assert len(received(localaws, counted)()) == 1


def test_an_event_for_a_missing_function_is_kept(localaws: LocalAws) -> None:
    missing = "arn:aws:lambda:us-east-1:111111111111:function:missing"
    assert buried(localaws, {"Arn": missing})["ERROR_CODE"] == "RESOURCE_NOT_FOUND"


def test_an_event_for_a_closed_queue_is_kept(localaws: LocalAws) -> None:
    closed, arn = queue(localaws, open_to_events=False)
    assert buried(localaws, {"Arn": arn})["ERROR_CODE"] == "NO_PERMISSIONS"
    assert received(localaws, closed)() == []


def test_an_event_for_a_missing_machine_is_kept(localaws: LocalAws) -> None:
    missing = "arn:aws:states:us-east-1:111111111111:stateMachine:missing"
    assert buried(localaws, {"Arn": missing, "RoleArn": role(localaws, [])})["ERROR_CODE"] == "RESOURCE_NOT_FOUND"


def test_a_rule_starts_a_machine_as_its_targets_role(localaws: LocalAws) -> None:
    arn = machine(localaws, one_state({"Type": "Pass"}))
    starter = role(
        localaws, [{"Effect": "Allow", "Action": "states:StartExecution", "Resource": arn}], service="events"
    )
    source, _ = rule(localaws, {"Arn": arn, "RoleArn": starter})
    put(localaws, source)
    until(lambda: localaws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"])


def test_a_rule_may_not_start_a_machine_its_role_may_not(localaws: LocalAws) -> None:
    arn = machine(localaws, one_state({"Type": "Pass"}))
    assert buried(localaws, {"Arn": arn, "RoleArn": role(localaws, [])})["ERROR_CODE"] == "NO_PERMISSIONS"
    assert not localaws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]


class Tools:
    """A bus of the tools account that takes events from dev, and who receives them."""

    def __init__(self, aws: LocalAws, allowed: str = "222222222222") -> None:
        self.events = aws.client("events")
        self.name = unique("bus")
        self.arn = self.events.create_event_bus(Name=self.name)["EventBusArn"]
        statement = {"Sid": "dev", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{allowed}:root"},
                     "Action": "events:PutEvents", "Resource": self.arn}  # fmt: skip
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.events.put_permission(EventBusName=self.name, Policy=policy)
        url, queue_arn = queue(aws)
        self.events.put_rule(
            Name="all", EventBusName=self.name, EventPattern=json.dumps({"source": [{"exists": True}]})
        )
        self.events.put_targets(Rule="all", EventBusName=self.name, Targets=[{"Id": "queue", "Arn": queue_arn}])
        self.received = received(aws, url)


def test_a_rule_forwards_events_to_another_account(localaws: LocalAws) -> None:
    tools = Tools(localaws)
    may = [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": tools.arn}]
    source, _ = rule(localaws, {"Arn": tools.arn, "RoleArn": role(localaws, may, account="dev")}, account="dev")
    put(localaws, source, account="dev")
    [message] = until(tools.received)
    event = json.loads(message["Body"])
    assert (event["source"], event["account"], event["detail"]) == (source, "222222222222", {"n": 1})


@pytest.mark.parametrize(("allowed", "may"), [("222222222222", []), ("333333333333", ["*"])])
def test_an_event_crosses_only_with_role_and_bus_policy(localaws: LocalAws, allowed: str, may: list[str]) -> None:
    tools = Tools(localaws, allowed)
    statements = [{"Effect": "Allow", "Action": "events:PutEvents", "Resource": resource} for resource in may]
    dead, dead_arn = queue(localaws, account="dev")
    target = {
        "Arn": tools.arn,
        "RoleArn": role(localaws, statements, account="dev"),
        "DeadLetterConfig": {"Arn": dead_arn},
    }
    source, _ = rule(localaws, target, account="dev")
    put(localaws, source, account="dev")
    [message] = until(received(localaws, dead, "dev"))
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert tools.received() == []


def test_events_are_put_on_a_foreign_bus_by_its_arn(localaws: LocalAws) -> None:
    tools = Tools(localaws)
    assert "EventId" in put(localaws, "mine", account="dev", EventBusName=tools.arn)
    [message] = until(tools.received)
    assert json.loads(message["Body"])["account"] == "222222222222"


def test_a_foreign_bus_refuses_whom_its_policy_does_not_name(localaws: LocalAws) -> None:
    tools = Tools(localaws)
    assert put(localaws, "mine", account="qa", EventBusName=tools.arn)["ErrorCode"] == "AccessDeniedException"
    assert tools.received() == []


def test_awss_own_events_reach_a_queue(localaws: LocalAws) -> None:
    events = event_queue(localaws, {"source": ["aws.states"], "detail": {"status": ["RUNNING"]}})
    arn = machine(localaws, one_state({"Type": "Pass"}))
    started = localaws.client("stepfunctions").start_execution(stateMachineArn=arn)["executionArn"]
    until(lambda: started in {event["detail"]["executionArn"] for event in events()})


@pytest.mark.parametrize("allowed", [True, False])
def test_a_schedule_calls_its_target_as_its_role(localaws: LocalAws, *, allowed: bool) -> None:
    counted, _ = queue(localaws)
    dead, dead_arn = queue(localaws)
    name = function(localaws, COUNTS.format(queue=counted, then="return {}"))
    may = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": name if allowed else f"{name}-other"}]
    moment = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    target = {"Arn": name, "RoleArn": role(localaws, may, service="scheduler"), "DeadLetterConfig": {"Arn": dead_arn}}
    localaws.client("scheduler").create_schedule(
        Name=unique("once"), ScheduleExpression=f"at({moment})", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert until(received(localaws, counted if allowed else dead), patience=90)
    assert received(localaws, dead if allowed else counted)() == []
