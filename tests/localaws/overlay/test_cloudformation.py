import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.localaws.overlay.resources import archive, ended, role, start, unique, until
from tests.localaws.overlay.stacks import deploy, failures, outputs
from tests.localaws.process import LocalAws

HANDLER = """
import common

def handler(event, context):
    authorizer = (event.get("requestContext") or {}).get("authorizer")
    return {"from": common.NAME, "authorizer": authorizer}
"""
MACHINE = b"""
QueryLanguage: JSONata
StartAt: Greet
States:
  Greet:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Arguments: {FunctionName: "${GreetArn}", Payload: {}}
    Output: "{% $states.result.Payload %}"
    End: true
"""


@pytest.fixture(scope="module")
def bucket(localaws: LocalAws) -> str:
    name, s3 = unique("code"), localaws.client("s3")
    s3.create_bucket(Bucket=name)
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as packed:
        packed.writestr("python/common.py", 'NAME = "layer"\n')
    for key, body in {"code.zip": archive(HANDLER), "layer.zip": layer.getvalue(), "machine.asl.yaml": MACHINE}.items():
        s3.put_object(Bucket=name, Key=key, Body=body)
    return name


@pytest.fixture(scope="module")
def stack(localaws: LocalAws, bucket: str) -> Iterator[dict[str, str]]:
    template = Path(__file__).with_name("stack.yaml").read_text()
    found = deploy(localaws, "whole", template, Bucket=bucket)
    assert found["StackStatus"] == "CREATE_COMPLETE", failures(localaws, "whole")
    yield outputs(found)
    formation = localaws.client("cloudformation")
    formation.delete_stack(StackName="whole")
    until(lambda: "whole" not in {s["StackName"] for s in formation.describe_stacks()["Stacks"]})


def call(url: str, credentials: dict[str, str] | None) -> tuple[int, Any]:
    """POST to an API, signed or not."""
    request = AWSRequest(method="POST", url=f"{url}/live/approvals/7", data=b"{}")
    if credentials:
        secret = Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])
        SigV4Auth(secret, "execute-api", "us-east-1").add_auth(request)
    sent = urllib.request.Request(str(request.url), data=b"{}", headers=dict(request.prepare().headers), method="POST")
    try:
        with urllib.request.urlopen(sent) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def invoker(localaws: LocalAws, stack: dict[str, str], method: str) -> dict[str, str]:
    """Return a session that may call one method of the API."""
    resource = f"arn:aws:execute-api:us-east-1:111111111111:{stack['Api']}/live/{method}/approvals/*"
    may = [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}]
    return localaws.assume(role(localaws, may), "alice")


def test_a_machine_from_a_yaml_file_calls_a_version_with_its_layer(localaws: LocalAws, stack: dict[str, str]) -> None:
    assert stack["Greet"].endswith(":1")
    assert json.loads(ended(localaws, start(localaws, stack["Machine"]))["output"])["from"] == "layer"


def test_an_api_names_its_verified_caller(localaws: LocalAws, stack: dict[str, str]) -> None:
    status, answer = call(stack["Url"], invoker(localaws, stack, "POST"))
    assert status == 200
    assert answer["authorizer"]["iam"]["userArn"].endswith("/alice")


def test_an_api_refuses_a_caller_without_permission(localaws: LocalAws, stack: dict[str, str]) -> None:
    status, answer = call(stack["Url"], invoker(localaws, stack, "GET"))
    assert status == 403
    assert "execute-api:Invoke" in answer["message"]


def test_an_api_refuses_an_unsigned_request(stack: dict[str, str]) -> None:
    assert call(stack["Url"], None)[0] == 403


def test_an_api_calls_no_function_that_does_not_let_it(localaws: LocalAws, stack: dict[str, str]) -> None:
    functions = localaws.client("lambda")
    name, alias = stack["Decide"].rsplit(":", 1)
    [statement] = json.loads(functions.get_policy(FunctionName=name, Qualifier=alias)["Policy"])["Statement"]
    functions.remove_permission(FunctionName=name, Qualifier=alias, StatementId=statement["Sid"])
    try:
        assert call(stack["Url"], invoker(localaws, stack, "POST"))[0] == 500
    finally:
        functions.add_permission(
            FunctionName=name, Qualifier=alias, StatementId=statement["Sid"], Action=statement["Action"],
            Principal="apigateway.amazonaws.com", SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
        )  # fmt: skip
    assert call(stack["Url"], invoker(localaws, stack, "POST"))[0] == 200


def test_a_queue_mapping_keeps_its_settings(localaws: LocalAws, stack: dict[str, str]) -> None:
    [mapping] = localaws.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping["FunctionArn"].endswith(":live")


def test_a_bus_policy_a_composite_alarm_and_an_archive_are_made(localaws: LocalAws, stack: dict[str, str]) -> None:
    bus = localaws.client("events").describe_event_bus(Name="pressrun-x")
    assert [s["Sid"] for s in json.loads(bus["Policy"])["Statement"]] == ["Own", "Workloads"]
    watch = localaws.client("cloudwatch")
    assert watch.describe_alarms(AlarmNames=["either-x"], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert localaws.client("events").describe_archive(ArchiveName="pressrun-x")["RetentionDays"] == 10


def one(kind: str, **properties: Any) -> str:
    return json.dumps({"Resources": {"Only": {"Type": kind, "Properties": properties}}})


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (
            one("AWS::StepFunctions::StateMachine", RoleArn="arn:aws:iam::111111111111:role/x",
                DefinitionString='{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}'),
            "Missing target: B",
        ),
        (
            one("AWS::Lambda::Function", Role="arn:aws:iam::111111111111:role/x", Runtime="python3.11",
                Handler="handler.handler", Code={"S3Bucket": "nowhere", "S3Key": "missing.zip"}),
            "missing.zip does not exist",
        ),
        (one("AWS::ApiGatewayV2::Api", Body={"openapi": "3.0.1"}), "Body is not emulated"),
    ],
)  # fmt: skip
def test_what_cannot_work_fails_the_stack(localaws: LocalAws, template: str, told: str) -> None:
    name = unique("broken")
    assert deploy(localaws, name, template)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert told in failures(localaws, name)["Only"]
