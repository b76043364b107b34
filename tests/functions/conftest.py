"""Handlers against moto: the installation's own tables, bucket, bus and queues, made fresh for each test."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext as Context
from moto import mock_aws

from pressrun.aws import sessions
from pressrun.service.spec import ServiceSpec

ACCOUNT = "123456789012"
REGION = "us-east-1"
BUCKET = "artifacts"
MACHINES = ("promote_release", "roll_back")


class LambdaContext(Context):
    """What Powertools reads of a Lambda context."""

    def __init__(self) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 128
        self._invoked_function_arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:function"
        self._aws_request_id = "00000000-0000-0000-0000-000000000000"


@dataclass
class Tools:
    """The tools account as handlers see it."""

    s3: Any
    tables: Any
    states: Any
    machine_arns: dict[str, str]

    def table(self, name: str) -> Any:
        return self.tables.Table(name)

    def put(self, key: str, document: Any) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())

    def publish(self, spec: ServiceSpec, digest: str = "5" * 64) -> None:
        """Publish a spec as `pressrun services apply` does."""
        self.put(f"specs/{spec.name}/{digest}/service.json", spec.model_dump(mode="json"))
        self.put(f"specs/{spec.name}/newest.json", {"digest": digest})
        self.put(f"groups/{spec.model_package_group}.json", {"service": spec.name})

    def executions(self, machine: str) -> list[dict[str, Any]]:
        found = self.states.list_executions(stateMachineArn=self.machine_arns[machine])["executions"]
        return [dict(item) for item in found]


@pytest.fixture
def context() -> LambdaContext:
    return LambdaContext()


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "POWERTOOLS_METRICS_NAMESPACE": "Pressrun",
        "PRESSRUN_ARTIFACTS_BUCKET": BUCKET,
        "PRESSRUN_RELEASES_TABLE": "releases",
        "PRESSRUN_ENDPOINTS_TABLE": "endpoints",
        "PRESSRUN_APPROVALS_TABLE": "approvals",
        "PRESSRUN_EVENT_BUS": "pressrun",
        "PRESSRUN_WORKLOAD_ACCOUNTS": "dev=222222222222,qa=333333333333,prod=444444444444",
        "PRESSRUN_CODE_REVISION": "test",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        sessions.own_session.cache_clear()
        yield _made(monkeypatch)
        sessions.own_session.cache_clear()


def _made(monkeypatch: pytest.MonkeyPatch) -> Tools:
    session = boto3.Session(region_name=REGION)
    s3 = session.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    session.client("events").create_event_bus(Name="pressrun")
    tables = session.resource("dynamodb")
    for name, (hash_key, range_key) in {
        "releases": ("release_id", "record"),
        "endpoints": ("service", "stage"),
        "approvals": ("release_id", "approver"),
    }.items():
        _table(tables, name, hash_key, range_key)
    states = session.client("stepfunctions")
    arns = {machine: _machine(states, machine) for machine in MACHINES}
    monkeypatch.setenv("PRESSRUN_PROMOTE_RELEASE_ARN", arns["promote_release"])
    monkeypatch.setenv("PRESSRUN_ROLL_BACK_ARN", arns["roll_back"])
    return Tools(s3=s3, tables=tables, states=states, machine_arns=arns)


def _table(tables: Any, name: str, hash_key: str, range_key: str) -> None:
    keys = [hash_key, range_key, *(["service", "opened_at"] if name == "releases" else [])]
    extra: dict[str, Any] = {}
    if name == "releases":
        extra["GlobalSecondaryIndexes"] = [
            {
                "IndexName": "by-service",
                "KeySchema": [
                    {"AttributeName": "service", "KeyType": "HASH"},
                    {"AttributeName": "opened_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    tables.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[
            {"AttributeName": hash_key, "KeyType": "HASH"},
            {"AttributeName": range_key, "KeyType": "RANGE"},
        ],
        **extra,
    )


def _machine(states: Any, name: str) -> str:
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    answer = states.create_state_machine(
        name=f"pressrun-{name.replace('_', '-')}",
        definition=json.dumps(definition),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/pressrun-machine",
    )
    return str(answer["stateMachineArn"])
