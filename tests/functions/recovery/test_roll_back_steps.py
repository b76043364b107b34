"""The steps of the machine `roll_back` on the installation's own tables, over a SageMaker of a few lines."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.recovery import plan_roll_back, record_restored, restore_endpoint
from pressrun.aws.cloudwatch import Alarms
from pressrun.aws.restoring import KeptProof
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.clock import iso, now
from pressrun.deployment.endpoint import Endpoint
from pressrun.errors import InvalidInputError
from tests.functions.conftest import BUCKET, LambdaContext
from tests.functions.recovery.conftest import OLDER, RELEASE, STABLE, Newsroom

SCALING = {"variant": "stable", "min": 1, "max": 4, "target": 600}
LIVE = {**STABLE, "image": "repo@sha256:1", "scaling": SCALING}


class FakeAccount:
    """Endpoint, configs, scaling and alarms of one workload account."""

    def __init__(self) -> None:
        self.serves: str | None = f"{RELEASE}-open"
        self.did: list[str] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        if self.serves is None:
            return None
        at = datetime(2026, 11, 23, tzinfo=UTC)
        return Endpoint(name=endpoint_name, status="InService", config_name=self.serves, modified_at=at)

    def config(self, name: str) -> dict[str, Any]:
        return {"EndpointConfigName": name, "ProductionVariants": []}

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        self.did.append(f"update {config_name}")
        self.serves = config_name

    def delete_config(self, name: str) -> None:
        self.did.append(f"delete config {name}")

    def delete_model(self, name: str) -> None:
        self.did.append(f"delete model {name}")

    def delete(self, name: str) -> None:
        self.did.append(f"delete alarm {name}")

    def register(self, endpoint_name: str, scaling: Any) -> None:
        self.did.append(f"register {scaling.variant} {scaling.min}-{scaling.max}")

    def suspend(self, endpoint_name: str, variant: str, *, suspended: bool) -> bool:
        return True


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> FakeAccount:
    found = FakeAccount()
    for adapter in (SageMakerEndpoints, VariantScaling, Alarms, KeptProof):
        monkeypatch.setattr(adapter, "of", classmethod(lambda cls, stage, release_id: found))
    return found


def plan(context: LambdaContext, **more: Any) -> dict[str, Any]:
    command = {
        "release_id": RELEASE,
        "service": "text-embedding",
        "to": None,
        "reason": "the release failed",
        "requested_by": "pressrun",
        "error": "CanaryRefusedError",
        "cause": "slower",
        "holder": None,
        "execution_arn": f"arn:aws:states:us-east-1:123456789012:execution:pressrun-roll-back:{RELEASE}-back",
        **more,
    }
    return plan_roll_back.handler(command, context)


def test_a_dead_release_is_planned_back_and_its_lease_taken_over(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.endpoint(changing=RELEASE, live=LIVE)
    newsroom.endpoint("dev", live={**STABLE, "release_id": RELEASE}, previous=[STABLE])
    newsroom.tools.table("endpoints").put_item(
        Item={"service": "text-embedding", "stage": "lease", "holder": arn, "release_id": RELEASE}
    )
    newsroom.end(arn)
    found = plan(context)
    assert (found["ready"], found["closes"], found["outcome"]) == (True, RELEASE, "failed")
    assert [(stage["stage"], stage["target"]["release_id"]) for stage in found["stages"]] == [
        ("prod", STABLE["release_id"]),
        ("dev", STABLE["release_id"]),
    ]
    assert (newsroom.item("lease") or {})["holder"].endswith(f"{RELEASE}-back")
    assert (newsroom.item("dev") or {})["changing"] == RELEASE


def test_who_went_back_and_why_stands_in_record_and_evidence(newsroom: Newsroom, context: LambdaContext) -> None:
    newsroom.release("promoted")
    newsroom.endpoint(live={**STABLE, "release_id": RELEASE}, previous=[STABLE, OLDER])
    alice = "arn:aws:sts::111111111111:assumed-role/pressrun-operator/alice"
    asked = {"requested_by": alice, "reason": "complaints", "to": OLDER["release_id"], "error": None, "cause": None}
    assert plan(context, **asked)["outcome"] == "rolled_back"
    key = {"release_id": RELEASE, "record": "release"}
    record: Any = newsroom.tools.table("releases").get_item(Key=key)["Item"]
    assert (record["rolled_back_by"], record["roll_back_reason"]) == (alice, "complaints")
    assert record["back_to"] == OLDER["release_id"]
    body = newsroom.tools.s3.get_object(Bucket=BUCKET, Key=f"evidence/{RELEASE}/roll-back.json")["Body"]
    assert json.load(body)["requested_by"] == alice


def test_a_release_that_still_runs_is_stopped_and_waited_for(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.endpoint(changing=RELEASE)
    assert plan(context)["waits_for"] == arn
    assert newsroom.tools.states.describe_execution(executionArn=arn)["status"] == "ABORTED"
    assert plan(context)["ready"]


def test_a_wrong_payload_names_the_field(context: LambdaContext) -> None:
    with pytest.raises(InvalidInputError, match="PlanRollBack: service: Field required"):
        plan_roll_back.handler({"release_id": None, "reason": "", "requested_by": "x", "execution_arn": "x"}, context)


def test_an_endpoint_is_restored_recorded_and_cleared(
    newsroom: Newsroom, context: LambdaContext, account: FakeAccount
) -> None:
    newsroom.release()
    newsroom.endpoint(changing=RELEASE, live=LIVE, scaling_suspended=True)
    (stage,) = plan(context)["stages"]
    asked = {**stage, "moves": 0, "since": iso(now())}
    assert restore_endpoint.handler(asked, context)["state"] == "changing"
    assert restore_endpoint.handler({**asked, "moves": 1}, context)["state"] == "restored"
    record_restored.handler(stage, context)
    assert account.did == [
        f"update {STABLE['config_name']}",
        "register stable 1-4",
        "delete alarm pressrun-text-embedding-canary-5xx",
        f"delete config {RELEASE}-live",
        f"delete config {RELEASE}-open",
        f"delete model {RELEASE}",
    ]
    item = newsroom.item("prod") or {}
    assert item["live"]["image"] == "repo@sha256:1"
    assert [each["release_id"] for each in item["previous"]] == [OLDER["release_id"]]
    assert not item.keys() & {"changing", "created_by", "scaling_suspended"}
