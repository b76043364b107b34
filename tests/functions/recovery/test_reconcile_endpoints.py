"""The reconciler on the installation's own tables and executions, over endpoints of a few lines."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.recovery import reconcile_endpoints
from pressrun.aws.registry import Registry
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.clock import iso, now
from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.errors import PressrunError
from pressrun.release.opening import Package
from tests.functions.conftest import LambdaContext
from tests.functions.recovery.conftest import RELEASE, STABLE, Newsroom

PACKAGE = "arn:aws:sagemaker:us-east-1:111111111111:model-package/text-embedding/8"


class FakeAccounts:
    """Endpoints by stage; weights take hold at once."""

    def __init__(self) -> None:
        self.serves = f"{RELEASE}-open"
        self.canary = 0.25
        self.denied: set[str] = set()
        self.meanwhile: Callable[[], object] = lambda: None

    def of(self, stage: str, session: str) -> Any:
        if stage in self.denied:
            raise PermissionError(f"no access to {stage}")
        return self

    def describe(self, endpoint_name: str) -> Endpoint:
        self.meanwhile()
        weights = {"stable": 1 - self.canary, "canary": self.canary}
        return Endpoint(
            name=endpoint_name,
            status="InService",
            config_name=self.serves,
            modified_at=datetime(2026, 11, 23, tzinfo=UTC),
            variants=[
                Variant(name=name, current_weight=weight, desired_weight=weight, current_count=1, desired_count=1)
                for name, weight in weights.items()
            ],
        )

    def set_weights(self, endpoint_name: str, weights: dict[str, float]) -> None:
        self.canary = weights["canary"]


@pytest.fixture
def accounts(monkeypatch: pytest.MonkeyPatch) -> FakeAccounts:
    found = FakeAccounts()
    monkeypatch.setattr(SageMakerEndpoints, "of", classmethod(lambda cls, stage, session: found.of(stage, session)))
    return found


@pytest.fixture
def queue(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    """Read the queue in front of start_release."""
    sqs = boto3.client("sqs", region_name="us-east-1")
    url = sqs.create_queue(QueueName="registry-events")["QueueUrl"]
    monkeypatch.setenv("PRESSRUN_REGISTRY_EVENTS_QUEUE_URL", url)
    return lambda: [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url).get("Messages", [])]


def run(context: LambdaContext) -> dict[str, Any]:
    found: dict[str, Any] = reconcile_endpoints.handler({}, context)
    return found


def rolling_out(newsroom: Newsroom) -> str:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.endpoint(changing=RELEASE)
    item = {"service": "text-embedding", "stage": "lease", "holder": arn, "release_id": RELEASE}
    newsroom.tools.table("endpoints").put_item(Item=item)
    return arn


@pytest.mark.usefixtures("queue")
def test_a_rollout_that_is_judged_is_left_alone(
    newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts
) -> None:
    rolling_out(newsroom)
    assert run(context)["found"] == []
    assert (accounts.canary, newsroom.roll_backs()) == (0.25, [])


@pytest.mark.usefixtures("queue")
def test_an_unattended_canary_loses_its_traffic_at_once_and_the_release_goes_back(
    newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts
) -> None:
    newsroom.end(rolling_out(newsroom))
    run(context)
    assert accounts.canary == 0
    assert [name for name, _ in newsroom.roll_backs()] == [f"{RELEASE}-back"]


@pytest.mark.usefixtures("queue")
def test_the_next_minute_sees_the_way_back_and_starts_no_other(
    newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts
) -> None:
    newsroom.end(rolling_out(newsroom))
    run(context)
    assert run(context)["found"] == []
    assert len(newsroom.roll_backs()) == 1


@pytest.mark.usefixtures("queue")
def test_a_service_that_changes_under_the_look_waits_for_the_next(
    newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts
) -> None:
    newsroom.end(rolling_out(newsroom))
    accounts.meanwhile = lambda: newsroom.endpoint(live=STABLE)
    assert run(context)["found"] == []


@pytest.mark.usefixtures("queue", "accounts")
def test_an_endpoint_that_strayed_is_restored(newsroom: Newsroom, context: LambdaContext) -> None:
    newsroom.endpoint()
    run(context)
    ((name, given),) = newsroom.roll_backs()
    assert name.startswith(f"{STABLE['release_id']}-restore-")
    assert (given["restore"], given["release_id"]) == (["prod"], STABLE["release_id"])


@pytest.mark.usefixtures("queue")
def test_a_forgotten_lease_is_given_back(newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts) -> None:
    newsroom.end(rolling_out(newsroom))
    newsroom.release("promoted")
    newsroom.endpoint(live=STABLE)
    accounts.serves, accounts.canary = STABLE["config_name"], 0
    run(context)
    assert newsroom.item("lease") is None


@pytest.mark.usefixtures("queue")
def test_an_account_out_of_reach_is_reported_and_stops_no_other(
    newsroom: Newsroom, context: LambdaContext, accounts: FakeAccounts
) -> None:
    newsroom.end(rolling_out(newsroom))
    newsroom.endpoint("dev", changing=RELEASE)
    accounts.denied = {"dev"}
    with pytest.raises(PressrunError, match="text-embedding: dev: PermissionError: no access to dev"):
        run(context)
    assert accounts.canary == 0


def approve(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    newsroom.tools.put("groups/text-embedding.json", {"service": "text-embedding"})
    package = Package(
        arn=PACKAGE, group="text-embedding", version=8, status="Completed", approval="Approved",
        changed_at=iso(now() - timedelta(minutes=5)), approved_by=None, description={},
    )  # fmt: skip
    monkeypatch.setattr(Registry, "here", classmethod(lambda cls: cls(None)))
    monkeypatch.setattr(Registry, "approved", lambda _, group: [PACKAGE])
    monkeypatch.setattr(Registry, "package", lambda _, arn: package)


def test_a_lost_approval_is_told_to_start_release(
    newsroom: Newsroom, context: LambdaContext, queue: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(newsroom, monkeypatch)
    watermark = {"release_id": "installation", "record": "watermark", "first_looked_at": "2026-01-01T00:00:00.000Z"}
    newsroom.tools.table("releases").put_item(Item=watermark)
    assert run(context)["approvals"] == [PACKAGE]
    assert [message["detail"]["ModelPackageArn"] for message in queue()] == [PACKAGE]


def test_what_was_approved_before_the_first_look_is_left_alone(
    newsroom: Newsroom, context: LambdaContext, queue: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    approve(newsroom, monkeypatch)
    assert run(context)["approvals"] == []
    assert queue() == []
