import json
from typing import Any

import boto3
import pytest

from functions.deployment import check_endpoint, plan_stage, prepare_config, record_stage, run_contract_test
from pressrun.aws.runtime import Runtime
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.deployment.contract import Answer
from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.scaling import Scaling
from pressrun.errors import ContractTestFailedError, EndpointFailedError, GoldenSetError, LeaseLostError
from tests.functions.conftest import LambdaContext, Tools
from tests.unit.deployment.builders import DIGEST, IMAGE, RELEASE, endpoint, pinned, plan, variant

HOLDER = "arn:aws:states:us-east-1:111111111111:execution:pressrun-promote-release:one"
COMMAND = {
    "release_id": RELEASE,
    "service": "reranking",
    "stage": "prod",
    "endpoint_name": "reranking",
    "holder": HOLDER,
}
CASE = {"id": "one", "request": [1], "expected": {"ranking": ["a", "b"]}}


class Account:
    """The workload account: one endpoint that is told, and what was done to it."""

    def __init__(self) -> None:
        self.found: Endpoint | None = None
        self.answer = Answer(status=200, body=b'{"ranking": ["a", "b"]}')
        self.scaled: list[str] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self.found

    def invoke(self, *_: Any) -> Answer:
        return self.answer

    def register(self, endpoint_name: str, scaling: Scaling) -> None:
        self.scaled.append(f"{scaling.variant} {scaling.min}-{scaling.max}")

    def suspend(self, *_: Any, suspended: bool) -> bool:
        self.scaled.append(f"suspended: {suspended}")
        return True

    def config_names(self, containing: str) -> list[str]:
        return [f"{RELEASE}-open", f"{RELEASE}-live"]

    def model_names(self, containing: str) -> list[str]:
        return [RELEASE]

    def delete_config(self, name: str) -> None:
        self.scaled.append(f"deleted {name}")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    for adapter in (SageMakerEndpoints, Runtime, VariantScaling):
        monkeypatch.setattr(adapter, "of", classmethod(lambda *_, **__: made))
    return made


@pytest.fixture
def opened(tools: Tools) -> Tools:
    """A release that is open and holds its service."""
    documents = pinned(stages={"prod": {"instances": {"min": 2, "max": 4}}})
    tools.publish(documents.spec)
    tools.put(f"evidence/{RELEASE}/manifest.json", documents.manifest.model_dump(mode="json"))
    tools.put(f"evidence/{RELEASE}/image.json", {"uri": IMAGE})
    tools.put(documents.key("golden.jsonl"), CASE)
    tools.table("releases").put_item(Item={"release_id": RELEASE, "record": "release", "stages_touched": []})
    tools.table("endpoints").put_item(Item={"service": "reranking", "stage": "lease", "holder": HOLDER})
    return tools


def evidence(tools: Tools, name: str) -> dict[str, Any]:
    body = tools.s3.get_object(Bucket="artifacts", Key=f"evidence/{RELEASE}/{name}.json")["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def stage_item(tools: Tools) -> dict[str, Any]:
    found: dict[str, Any] = tools.table("endpoints").get_item(Key={"service": "reranking", "stage": "prod"})["Item"]
    return found


def test_a_first_release_is_planned_and_claims_its_endpoint(
    opened: Tools, account: Account, context: LambdaContext
) -> None:
    found = plan_stage.handler(COMMAND, context)
    assert (found["strategy"], found["instance_count"], found["load_test"]) == ("create", 2, None)
    assert stage_item(opened)["changing"] == RELEASE


def test_a_release_without_the_lease_changes_nothing(opened: Tools, account: Account, context: LambdaContext) -> None:
    with pytest.raises(LeaseLostError):
        plan_stage.handler({**COMMAND, "holder": "another"}, context)
    assert "Item" not in opened.table("endpoints").get_item(Key={"service": "reranking", "stage": "prod"})


def test_model_and_config_are_made_in_the_workload_account(opened: Tools, context: LambdaContext) -> None:
    prod = in_prod("ssm")
    workload = {"execution_role_arn": "arn:aws:iam::444444444444:role/pressrun-execution", "tags": {"owner": "mlops"}}
    prod.put_parameter(Name="/pressrun/workload", Type="String", Value=json.dumps(workload))
    # moto knows fewer instance types than AWS.
    payload = plan(strategy="create", phase="whole", live_config=None, instance_type="ml.c5.xlarge")
    prepared = prepare_config.handler(payload, context)
    assert prepared == {"model_name": RELEASE, "config_name": f"{RELEASE}-live"}
    made = in_prod("sagemaker").describe_endpoint_config(EndpointConfigName=f"{RELEASE}-live")
    assert made["ProductionVariants"][0]["ModelName"] == RELEASE


def test_an_endpoint_is_checked_against_the_releases_image(
    opened: Tools, account: Account, context: LambdaContext
) -> None:
    account.found = endpoint(variant(images=[DIGEST]), config=f"{RELEASE}-live")
    payload = {key: COMMAND[key] for key in ("release_id", "stage", "endpoint_name")}
    found = check_endpoint.handler({**payload, "expected_config": f"{RELEASE}-live"}, context)
    assert found == {"state": "in_service"}


def contract_test(context: LambdaContext) -> dict[str, Any]:
    payload = {key: value for key, value in COMMAND.items() if key != "holder"}
    return run_contract_test.handler({**payload, "variant": "canary", "phase": "open"}, context)


def test_a_passed_contract_test_is_evidence(opened: Tools, account: Account, context: LambdaContext) -> None:
    assert contract_test(context)["calls"] == 1
    found = evidence(opened, "prod-contract-test")
    assert (found["cases"], found["passed"], found["variant"]) == (1, 1, "canary")


def test_a_failed_contract_test_is_evidence_too(opened: Tools, account: Account, context: LambdaContext) -> None:
    account.answer = Answer(status=200, body=b'{"ranking": ["b", "a"]}')
    with pytest.raises(ContractTestFailedError, match="1 of 1 golden cases differ"):
        contract_test(context)
    assert evidence(opened, "prod-contract-test")["differences"][0]["id"] == "one"


def test_a_golden_set_that_does_not_parse_asks_nobody(opened: Tools, account: Account, context: LambdaContext) -> None:
    opened.s3.put_object(Bucket="artifacts", Key=pinned().key("golden.jsonl"), Body=b"{")
    with pytest.raises(GoldenSetError, match="line 1"):
        contract_test(context)


def test_a_recorded_stage_is_live_scales_and_forgets_what_it_needed(
    opened: Tools, account: Account, context: LambdaContext
) -> None:
    plan_stage.handler(COMMAND, context)
    account.found = endpoint(variant(images=[DIGEST]), config=f"{RELEASE}-live")
    first, again = (record_stage.handler(plan(), context) for _ in range(2))
    assert first["pruned"] == again["pruned"] == [f"{RELEASE}-open"]
    item = stage_item(opened)
    assert item["live"]["config_name"] == f"{RELEASE}-live"
    assert item["scaling_suspended"] is False
    assert not {"changing", "created_by"} & item.keys()
    assert account.scaled[:2] == ["stable 2-4", "suspended: False"]
    assert evidence(opened, "prod-endpoint")["config_name"] == f"{RELEASE}-live"


def test_an_endpoint_that_is_gone_is_not_recorded(opened: Tools, account: Account, context: LambdaContext) -> None:
    plan_stage.handler(COMMAND, context)
    with pytest.raises(EndpointFailedError, match="is gone"):
        record_stage.handler(plan(), context)
    assert "live" not in stage_item(opened)


def in_prod(service: str) -> Any:
    """Return a client of the prod account, as moto tells accounts apart: by the role that was assumed."""
    role = "arn:aws:iam::444444444444:role/pressrun-deployment"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    make: Any = boto3.client
    return make(
        service,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
