"""Roles, functions and state machines made for one test."""

import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

from tests.localaws.process import LocalAws

PATIENCE = 20.0
LAMBDA_INVOKE = "arn:aws:states:::lambda:invoke"
ALLOW_ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]

Statement = dict[str, Any]


def unique(prefix: str) -> str:
    """Return a name nobody else uses."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def until(found: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return the first true answer of a question that is asked again and again."""
    give_up = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < give_up, "nothing came of it"
        time.sleep(0.05)
    return answer


def role(aws: LocalAws, statements: list[Statement], *, service: str = "lambda", account: str = "tools") -> str:
    """Make a role that a service, or the account's root, may assume."""
    iam, name = aws.client("iam", account), unique("role")
    principal = {"Service": f"{service}.amazonaws.com", "AWS": "*"}
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}  # fmt: skip
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    return str(arn)


def archive(source: str) -> bytes:
    """Zip one module called `handler`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("handler.py", textwrap.dedent(source))
    return packed.getvalue()


def function(aws: LocalAws, source: str, statements: list[Statement] | None = None, **extras: Any) -> str:
    """Deploy `handler.handler` and return the function's ARN."""
    account = extras.pop("account", "tools")
    arn = aws.client("lambda", account).create_function(
        FunctionName=unique("function"),
        Runtime="python3.11",
        Handler="handler.handler",
        Role=role(aws, ALLOW_ALL if statements is None else statements, account=account),
        Code={"ZipFile": archive(source)},
        **{"Timeout": 20, **extras},
    )["FunctionArn"]
    return str(arn)


def machine(
    aws: LocalAws, definition: dict[str, Any], statements: list[Statement] | None = None, account: str = "tools"
) -> str:
    """Make a JSONata state machine whose role has the given permissions."""
    arn = aws.client("stepfunctions", account).create_state_machine(
        name=unique("machine"),
        definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
        roleArn=role(aws, ALLOW_ALL if statements is None else statements, service="states", account=account),
    )["stateMachineArn"]
    return str(arn)


def one_state(state: dict[str, Any], **machine_fields: Any) -> dict[str, Any]:
    """Return a definition of a single state."""
    return {"StartAt": "Only", "States": {"Only": {**state, "End": True}}, **machine_fields}


def invoke(function_arn: str, **fields: Any) -> dict[str, Any]:
    """Return a Task that passes its input to a function."""
    arguments = {"FunctionName": function_arn, "Payload": "{% $states.input %}"}
    return {"Type": "Task", "Resource": LAMBDA_INVOKE, "Arguments": arguments, **fields}


def ended(aws: LocalAws, execution_arn: str) -> dict[str, Any]:
    """Wait for an execution's end and return its description."""
    states = aws.client("stepfunctions")

    def closed() -> Any:
        found = states.describe_execution(executionArn=execution_arn)
        return found if found["status"] != "RUNNING" else None

    return dict(until(closed))


def start(aws: LocalAws, machine_arn: str, payload: Any = None, **extras: Any) -> str:
    """Start an execution."""
    started = aws.client("stepfunctions").start_execution(
        stateMachineArn=machine_arn, input=json.dumps(payload or {}), **extras
    )
    return str(started["executionArn"])


def run(aws: LocalAws, definition: dict[str, Any], payload: Any = None, **extras: Any) -> dict[str, Any]:
    """Run a new machine once, to its end."""
    return ended(aws, start(aws, machine(aws, definition, **extras), payload))


def event_queue(aws: LocalAws, pattern: dict[str, Any], account: str = "tools") -> Callable[[], list[Any]]:
    """Collect the events that match a pattern; the answer returns those that came so far."""
    sqs, events, name = aws.client("sqs", account), aws.client("events", account), unique("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
                             "Action": "sqs:SendMessage", "Resource": arn}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    seen: list[Any] = []

    def collected() -> list[Any]:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return seen

    return collected
