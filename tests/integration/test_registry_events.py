"""Registry events are hints: malformed ones end among the dead letters, all others change nothing by themselves."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.product import Echo, Product, until
from tests.integration.standing import serving

DETAIL_TYPE = "SageMaker Model Package State Change"
MALFORMED = {
    "no JSON": "approved",
    "no package": json.dumps({"source": "aws.sagemaker", "detail-type": DETAIL_TYPE, "detail": {}}),
    "another source": json.dumps({"source": "mail", "detail-type": DETAIL_TYPE, "detail": {"ModelPackageArn": "arn"}}),
}


def queue(product: Product, name: str) -> str:
    urls: list[str] = product.client("sqs").list_queues()["QueueUrls"]
    (found,) = [url for url in urls if f"-{name}-" in url]
    return found


@contextmanager
def impatient(product: Product) -> Iterator[str]:
    """Let a refused event come again at once instead of in half an hour; give its queue."""
    sqs, url = product.client("sqs"), queue(product, "RegistryEventsQueue")
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    try:
        yield url
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def waiting(product: Product, name: str) -> int:
    """Count the messages of a queue, those being worked on among them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = product.client("sqs").get_queue_attributes(QueueUrl=queue(product, name), AttributeNames=names)
    return sum(int(found["Attributes"][each]) for each in names)


def event(arn: str, status: str = "Approved", group: str | None = "a-group") -> dict[str, Any]:
    detail = {"ModelPackageArn": arn, "ModelApprovalStatus": status, "ModelPackageStatus": "Completed"}
    if group:
        detail["ModelPackageGroupName"] = group
    moment = "2026-01-01T00:00:00Z"
    head = {"version": "0", "id": str(uuid.uuid4()), "account": "111111111111", "time": moment, "region": "us-east-1"}
    return {**head, "source": "aws.sagemaker", "detail-type": DETAIL_TYPE, "resources": [arn], "detail": detail}


def tell(product: Product, *events: dict[str, Any]) -> None:
    """Put events into the queue and wait until they were worked on."""
    dead = waiting(product, "RegistryEventsDeadLetterQueue")
    url = queue(product, "RegistryEventsQueue")
    for each in events:
        product.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(each))
    until(lambda: waiting(product, "RegistryEventsQueue") == 0)
    assert waiting(product, "RegistryEventsDeadLetterQueue") == dead


def releases(product: Product) -> dict[str, str]:
    """Return all releases with their status, and what is known of approvals."""
    items = product.table("ReleasesTableName").scan(ConsistentRead=True)["Items"]
    return {f"{each['release_id']} {each['record']}": str(each.get("status", each)) for each in items}


def executions(product: Product) -> set[str]:
    states, machine = product.client("stepfunctions"), product.outputs["tools"]["PromoteReleaseStateMachineArn"]
    return {each["name"] for each in states.list_executions(stateMachineArn=machine)["executions"]}


def package_of(live: Echo) -> str:
    release_id = live.product.stage(live.name, "prod")["live"]["release_id"]
    return str(live.product.release(release_id)["model_package_arn"])


@pytest.mark.parametrize("kind", list(MALFORMED))
def test_a_malformed_event_ends_among_the_dead_letters_and_the_log_says_why(product: Product, kind: str) -> None:
    sqs, dead = product.client("sqs"), queue(product, "RegistryEventsDeadLetterQueue")
    with impatient(product) as url:
        sent = sqs.send_message(QueueUrl=url, MessageBody=MALFORMED[kind])["MessageId"]
        until(lambda: waiting(product, "RegistryEventsDeadLetterQueue") > 0)
    (letter,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter["ReceiptHandle"])
    assert letter["Body"] == MALFORMED[kind]
    logs = product.client("logs")
    lines = logs.filter_log_events(logGroupName="/pressrun/functions", filterPattern=f'"{sent}"')["events"]
    refused = [line["message"] for line in lines if "registry event refused" in line["message"]]
    assert refused, lines
    assert "InvalidInputError" in refused[0]


def test_events_that_come_again_and_late_change_nothing(product: Product, live: Echo) -> None:
    arn, before, serves = package_of(live), (releases(product), executions(product)), serving(live)
    tell(product, *[event(arn, group=live.name)] * 3)
    assert (releases(product), executions(product)) == before
    assert serving(live) == serves


def test_an_approval_that_arrives_after_the_rejection_opens_nothing(product: Product, live: Echo) -> None:
    arn, before, serves = live.register(), (releases(product), executions(product)), serving(live)
    live.judge(arn, "Rejected")
    tell(product, event(arn, "Rejected", live.name), event(arn, "Approved", live.name))
    assert (releases(product), executions(product)) == before
    assert serving(live) == serves


def test_a_rejection_that_arrives_after_the_approval_stops_nothing(product: Product, live: Echo) -> None:
    arn, before, serves = package_of(live), (releases(product), executions(product)), serving(live)
    tell(product, event(arn, "Rejected", live.name))
    assert (releases(product), executions(product)) == before
    assert serving(live) == serves


def test_events_of_pending_and_ungrouped_packages_change_nothing(product: Product, live: Echo) -> None:
    arn, before = live.register(), (releases(product), executions(product))
    alone = "arn:aws:sagemaker:us-east-1:111111111111:model-package/alone"
    tell(product, event(arn, "PendingManualApproval", live.name), event(arn, "Approved", live.name))
    tell(product, event(alone, group=None))
    assert (releases(product), executions(product)) == before
