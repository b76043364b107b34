"""What tests of the twin share: an account's clients, a bus that is listened to."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.localaws import process
from tests.localaws.process import LocalAws
from tests.localaws.twin import hosting
from tests.localaws.twin.hosting import Workload


@pytest.fixture(scope="session")
def localaws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Run an embedded AWS of the twin's own: short delays, and one small instance type."""
    arguments = ["--delay-factor", "0.002", "--metric-lag", "1", "--memory", "ml.t2.medium=300"]
    aws = process.start(tmp_path_factory.mktemp("twin"), *arguments)
    yield aws
    process.stop(aws)


@pytest.fixture(scope="session")
def workload(localaws: LocalAws) -> Workload:
    return hosting.prepare(localaws)


@pytest.fixture
def group(localaws: LocalAws) -> str:
    """Return a fresh model package group of the tools account."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    localaws.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return name


class Bus:
    """Keeps what an account's default bus carries."""

    def __init__(self, localaws: LocalAws, account: str) -> None:
        self._sqs, self._events = localaws.client("sqs", account), localaws.client("events", account)
        self._name = f"listener-{uuid.uuid4().hex[:8]}"
        self._url = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        self._events.put_rule(Name=self._name, EventPattern=json.dumps({"source": ["aws.sagemaker"]}))
        self._events.put_targets(Rule=self._name, Targets=[{"Id": "queue", "Arn": arn}])
        self._kept: list[dict[str, Any]] = []

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], count: int = 1) -> list[dict[str, Any]]:
        """Return the first events that are wanted, in the order they came."""
        for _ in range(60):
            found = [event for event in self._kept if wanted(event["detail"])]
            if len(found) >= count:
                return found[:count]
            answer = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                self._kept.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        raise AssertionError(f"the bus carried only {self._kept}")

    def close(self) -> None:
        """Stop listening."""
        self._events.remove_targets(Rule=self._name, Ids=["queue"])
        self._events.delete_rule(Name=self._name)
        self._sqs.delete_queue(QueueUrl=self._url)


@pytest.fixture
def tools_bus(localaws: LocalAws) -> Iterator[Bus]:
    bus = Bus(localaws, "tools")
    yield bus
    bus.close()


@pytest.fixture
def dev_bus(localaws: LocalAws) -> Iterator[Bus]:
    bus = Bus(localaws, "dev")
    yield bus
    bus.close()
