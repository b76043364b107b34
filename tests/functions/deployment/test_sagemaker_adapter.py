from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.errors import CapacityError, ConfigNotVisibleError, EndpointBusyError
from tests.functions.deployment.stubbed import stubbed

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:444444444444:endpoint/reranking"
DIGEST = f"sha256:{'a' * 64}"


def described(status: str = "InService", **values: Any) -> dict[str, Any]:
    return {
        "EndpointName": "reranking",
        "EndpointArn": ARN,
        "EndpointConfigName": "v6",
        "EndpointStatus": status,
        "CreationTime": NOON,
        "LastModifiedTime": NOON,
        **values,
    }


def refuse(stub: Stubber, operation: str, code: str, message: str) -> None:
    stub.add_client_error(operation, service_error_code=code, service_message=message, http_status_code=400)


def test_an_endpoint_is_described_with_its_variants_and_digests() -> None:
    variant = {
        "VariantName": "canary",
        "CurrentWeight": 0.25,
        "DesiredWeight": 0.5,
        "CurrentInstanceCount": 1,
        "DesiredInstanceCount": 2,
        "DeployedImages": [{"SpecifiedImage": "r:1", "ResolvedImage": f"r@{DIGEST}"}],
    }
    pending = {"PendingDeploymentSummary": {"EndpointConfigName": "v7"}}
    with stubbed("sagemaker") as (client, stub):
        stub.add_response("describe_endpoint", described("Updating", ProductionVariants=[variant], **pending))
        found = SageMakerEndpoints(client).describe("reranking")
    assert found is not None
    assert (found.status, found.config_name, found.pending_config) == ("Updating", "v6", "v7")
    assert found.variants[0].model_dump() == {
        "name": "canary",
        "current_weight": 0.25,
        "desired_weight": 0.5,
        "current_count": 1,
        "desired_count": 2,
        "images": [DIGEST],
    }


@pytest.mark.parametrize("what", ["describe_endpoint", "describe_endpoint_config", "describe_model"])
def test_what_does_not_exist_is_none(what: str) -> None:
    ask = {"describe_endpoint": "describe", "describe_endpoint_config": "config", "describe_model": "model"}[what]
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, what, "ValidationException", 'Could not find the thing "arn".')
        assert getattr(SageMakerEndpoints(client), ask)("reranking") is None


def test_another_refusal_is_not_taken_for_a_missing_endpoint() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, "describe_endpoint", "AccessDeniedException", "not authorized")
        with pytest.raises(ClientError, match="not authorized"):
            SageMakerEndpoints(client).describe("reranking")


def test_opening_retains_counts_and_takes_weights_from_the_config() -> None:
    asked = {
        "EndpointName": "reranking",
        "EndpointConfigName": "v7-open",
        "RetainAllVariantProperties": True,
        "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
    }
    with stubbed("sagemaker") as (client, stub):
        stub.add_response("update_endpoint", {"EndpointArn": ARN}, asked)
        SageMakerEndpoints(client).update_endpoint("reranking", "v7-open", keep_counts=True)


def test_no_fleet_is_a_capacity_error_with_awss_words() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, "create_endpoint", "ResourceLimitExceeded", "ml.c6i.xlarge for endpoint usage is 2")
        with pytest.raises(CapacityError, match=r"'reranking': ml.c6i.xlarge for endpoint usage is 2"):
            SageMakerEndpoints(client).create_endpoint("reranking", "v7", {})


def test_a_config_that_is_not_visible_yet_has_an_error_of_its_own() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, "update_endpoint", "ValidationException", 'Could not find endpoint configuration "arn".')
        with pytest.raises(ConfigNotVisibleError, match="config 'v7' is not visible yet"):
            SageMakerEndpoints(client).update_endpoint("reranking", "v7")


def test_a_change_while_another_one_runs_names_the_status() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(
            stub, "update_endpoint_weights_and_capacities", "ValidationException", "Cannot update in-progress endpoint"
        )
        stub.add_response("describe_endpoint", described("Updating"))
        with pytest.raises(EndpointBusyError, match="is Updating, expected InService"):
            SageMakerEndpoints(client).set_weights("reranking", {"stable": 1, "canary": 0})


def test_a_refusal_of_a_free_endpoint_keeps_sagemakers_words() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, "update_endpoint", "ValidationException", "the role may not be passed")
        stub.add_response("describe_endpoint", described())
        with pytest.raises(ClientError, match="may not be passed"):
            SageMakerEndpoints(client).update_endpoint("reranking", "v7")


def test_both_weights_are_asked_for_in_one_call() -> None:
    asked = {
        "EndpointName": "reranking",
        "DesiredWeightsAndCapacities": [
            {"VariantName": "stable", "DesiredWeight": 0.9},
            {"VariantName": "canary", "DesiredWeight": 0.1},
        ],
    }
    with stubbed("sagemaker") as (client, stub):
        stub.add_response("update_endpoint_weights_and_capacities", {"EndpointArn": ARN}, asked)
        SageMakerEndpoints(client).set_weights("reranking", {"stable": 0.9, "canary": 0.1})


def test_deleting_what_is_gone_is_fine() -> None:
    with stubbed("sagemaker") as (client, stub):
        refuse(stub, "describe_model", "ValidationException", "Could not find model")
        SageMakerEndpoints(client).delete_model("v1")


def test_all_pages_of_configs_are_read() -> None:
    def page(name: str) -> dict[str, Any]:
        return {"EndpointConfigs": [{"EndpointConfigName": name, "EndpointConfigArn": ARN, "CreationTime": NOON}]}

    with stubbed("sagemaker") as (client, stub):
        stub.add_response("list_endpoint_configs", {**page("a-live"), "NextToken": "more"}, {"NameContains": "a-"})
        stub.add_response("list_endpoint_configs", page("a-open"), {"NameContains": "a-", "NextToken": "more"})
        assert SageMakerEndpoints(client).config_names("a-") == ["a-live", "a-open"]
