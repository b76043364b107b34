import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.overlay.resources import (
    ALLOW_ALL,
    LAMBDA_INVOKE,
    ended,
    function,
    invoke,
    machine,
    one_state,
    role,
    run,
    start,
    unique,
    until,
)
from tests.localaws.process import LocalAws

RAISES = """
class ConfigRolledBackError(Exception):
    pass

def handler(event, context):
    raise ConfigRolledBackError("serves v6, expected v7")
"""
TELLS_TOKEN = """
import boto3, os

def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=event["queue"], MessageBody=event["token"])
"""
SLEEPS = "import time\n\ndef handler(event, context):\n    time.sleep(5)\n"


def callback(function_arn: str, queue: str, **fields: Any) -> dict[str, Any]:
    payload = {"queue": queue, "token": "{% $states.context.Task.Token %}"}
    return {"Type": "Task", "Resource": f"{LAMBDA_INVOKE}.waitForTaskToken",
            "Arguments": {"FunctionName": function_arn, "Payload": payload}, **fields}  # fmt: skip


class Waiting:
    """An execution that waits for its token."""

    def __init__(self, aws: LocalAws, **fields: Any) -> None:
        sqs = aws.client("sqs")
        queue = sqs.create_queue(QueueName=unique("tokens"))["QueueUrl"]
        self.machine = machine(aws, one_state(callback(function(aws, TELLS_TOKEN), queue, **fields)))
        self.execution = start(aws, self.machine)
        [message] = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
        self.token = message["Body"]


def test_a_handlers_exception_is_the_tasks_error(localaws: LocalAws) -> None:
    found = run(localaws, one_state(invoke(function(localaws, RAISES))))
    cause = json.loads(found["cause"])
    assert found["error"] == "ConfigRolledBackError"
    assert cause["errorMessage"] == "serves v6, expected v7"
    assert "raise ConfigRolledBackError" in "".join(cause["stackTrace"])


def test_an_exception_is_caught_by_its_name(localaws: LocalAws) -> None:
    failing = invoke(function(localaws, RAISES), End=True)
    failing["Catch"] = [{"ErrorEquals": ["ConfigRolledBackError"], "Next": "Back", "Output": "caught"}]
    definition = {"StartAt": "Try", "States": {"Try": failing, "Back": {"Type": "Succeed"}}}
    assert json.loads(run(localaws, definition)["output"]) == "caught"


def test_a_process_survives_its_handlers_exception(localaws: LocalAws) -> None:
    source = """
    calls = []

    def handler(event, context):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("first")
        return {"calls": len(calls), "memory": context.memory_limit_in_mb}
    """
    name = function(localaws, source)
    client = localaws.client("lambda")
    assert client.invoke(FunctionName=name)["FunctionError"] == "Unhandled"
    assert json.load(client.invoke(FunctionName=name)["Payload"]) == {"calls": 2, "memory": "128"}


def test_a_failed_call_fails_the_task_that_waits_for_a_token(localaws: LocalAws) -> None:
    found = run(localaws, one_state(callback(function(localaws, RAISES), "", TimeoutSeconds=60)))
    assert found["error"] == "ConfigRolledBackError"


def test_a_token_is_answered_once(localaws: LocalAws) -> None:
    waiting = Waiting(localaws)
    states = localaws.client("stepfunctions")
    states.send_task_success(taskToken=waiting.token, output='{"approved": true}')
    assert json.loads(ended(localaws, waiting.execution)["output"]) == {"approved": True}
    with pytest.raises(ClientError, match="TaskTimedOut"):
        states.send_task_success(taskToken=waiting.token, output="{}")


def test_a_handler_may_do_no_more_than_its_role_may(localaws: LocalAws) -> None:
    queue = localaws.client("sqs").create_queue(QueueName=unique("tokens"))["QueueUrl"]
    found = run(localaws, one_state(callback(function(localaws, TELLS_TOKEN, []), queue, TimeoutSeconds=60)))
    assert found["error"] == "ClientError"
    assert "not authorized to perform: sqs:SendMessage" in found["cause"]


def test_a_tokens_failure_is_the_tasks_error(localaws: LocalAws) -> None:
    waiting = Waiting(localaws)
    localaws.client("stepfunctions").send_task_failure(taskToken=waiting.token, error="ApprovalDeniedError", cause="no")
    assert ended(localaws, waiting.execution)["error"] == "ApprovalDeniedError"


def test_a_result_must_be_json(localaws: LocalAws) -> None:
    waiting = Waiting(localaws)
    states = localaws.client("stepfunctions")
    with pytest.raises(ClientError, match="InvalidOutput"):
        states.send_task_success(taskToken=waiting.token, output="not json")
    states.stop_execution(executionArn=waiting.execution)


def test_a_token_nobody_answers_times_out(localaws: LocalAws) -> None:
    waiting = Waiting(localaws, TimeoutSeconds="{% 1 + 1 %}")
    assert ended(localaws, waiting.execution)["error"] == "States.Timeout"


def test_silence_is_a_heartbeat_timeout(localaws: LocalAws) -> None:
    waiting = Waiting(localaws, TimeoutSeconds=60, HeartbeatSeconds=1)
    assert ended(localaws, waiting.execution)["error"] == "States.HeartbeatTimeout"


def test_a_callback_may_answer_for_its_machine_alone(localaws: LocalAws) -> None:
    waiting = Waiting(localaws)
    allowed = [{"Effect": "Allow", "Action": "states:SendTaskSuccess", "Resource": waiting.machine}]
    credentials = localaws.assume(role(localaws, allowed), "approver")
    states = localaws.client("stepfunctions", credentials=credentials)
    states.send_task_success(taskToken=waiting.token, output="{}")
    other = Waiting(localaws)
    with pytest.raises(ClientError, match="AccessDenied"):
        states.send_task_success(taskToken=other.token, output="{}")
    localaws.client("stepfunctions").stop_execution(executionArn=other.execution)


def test_a_tasks_deadline_may_be_an_expression(localaws: LocalAws) -> None:
    slow = invoke(function(localaws, SLEEPS), TimeoutSeconds="{% $states.input.limit %}")
    assert run(localaws, one_state(slow), {"limit": 1})["error"] == "States.Timeout"


def test_a_machine_may_do_what_its_role_may(localaws: LocalAws) -> None:
    name = function(localaws, "def handler(event, context):\n    return {'ok': True}\n")
    allowed = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": name}]
    definition = one_state(invoke(name, Output="{% $states.result.Payload %}"))
    assert json.loads(run(localaws, definition, statements=allowed)["output"]) == {"ok": True}


def test_a_machine_may_do_no_more_than_its_role_may(localaws: LocalAws) -> None:
    name = function(localaws, "def handler(event, context):\n    return {}\n")
    denied = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{name}-other"}]
    found = run(localaws, one_state(invoke(name)), statements=denied)
    assert found["error"] == "Lambda.AWSLambdaException"
    assert "lambda:InvokeFunction" in found["cause"]


def test_a_missing_function_has_lambdas_error(localaws: LocalAws) -> None:
    missing = "arn:aws:lambda:us-east-1:111111111111:function:missing"
    assert run(localaws, one_state(invoke(missing)))["error"] == "Lambda.ResourceNotFoundException"


def test_objects_are_written_and_read_by_sdk_integrations(localaws: LocalAws) -> None:
    bucket = unique("bucket")
    localaws.client("s3").create_bucket(Bucket=bucket)
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Next": "Get",
        "Arguments": {"Bucket": bucket, "Key": "a/b.json", "Body": "{}", "ContentType": "application/json"},
    }
    get = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "End": True,
           "Arguments": {"Bucket": bucket, "Key": "a/b.json"}, "Output": "{% $states.result.Body %}"}  # fmt: skip
    found = run(localaws, {"StartAt": "Put", "States": {"Put": put, "Get": get}})
    assert json.loads(found["output"]) == "{}"


def test_a_modelled_error_of_an_sdk_integration_keeps_its_name(localaws: LocalAws) -> None:
    get = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
           "Arguments": {"Bucket": unique("missing"), "Key": "k"}}  # fmt: skip
    assert run(localaws, one_state(get))["error"] == "S3.S3Exception"
    read = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem",
            "Arguments": {"TableName": "missing", "Key": {"id": {"S": "1"}}}}  # fmt: skip
    assert run(localaws, one_state(read))["error"] == "DynamoDb.ResourceNotFoundException"


def test_builds_are_started_and_read_in_step_functions_spelling(localaws: LocalAws) -> None:
    project = unique("project")
    localaws.client("codebuild").create_project(
        name=project, source={"type": "NO_SOURCE", "buildspec": "version: 0.2\nphases: {}\n"},
        artifacts={"type": "NO_ARTIFACTS"}, serviceRole="arn:aws:iam::111111111111:role/build",
        environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
    )  # fmt: skip
    begin = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:codebuild:startBuild",
        "Next": "Look",
        "Arguments": {"ProjectName": project},
    }
    look = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:codebuild:batchGetBuilds", "End": True,
            "Arguments": {"Ids": ["{% $states.input.Build.Id %}"]},
            "Output": "{% $states.result.Builds[0].ProjectName %}"}  # fmt: skip
    found = run(localaws, {"StartAt": "Begin", "States": {"Begin": begin, "Look": look}})
    assert json.loads(found["output"]) == project


def test_a_refused_event_fails_the_task(localaws: LocalAws) -> None:
    put = {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents",
           "Arguments": {"Entries": [{"Source": "aws.fake", "DetailType": "x", "Detail": {}}]}}  # fmt: skip
    assert run(localaws, one_state(put))["error"] == "EventBridge.FailedEntry"


def test_credentials_of_a_task_reach_another_account(localaws: LocalAws) -> None:
    target = role(localaws, ALLOW_ALL, account="qa")
    who = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "Arguments": {},
           "Credentials": {"RoleArn": target}, "Output": "{% $states.result.Account %}"}  # fmt: skip
    assert json.loads(run(localaws, one_state(who))["output"]) == "333333333333"
