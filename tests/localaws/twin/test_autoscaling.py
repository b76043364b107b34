"""Scalable targets of endpoint variants, as records."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.process import LocalAws
from tests.localaws.twin.hosting import Workload

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def ids(endpoint: str, variant: str = "stable") -> dict[str, str]:
    resource = f"endpoint/{endpoint}/variant/{variant}"
    return {"ServiceNamespace": "sagemaker", "ResourceId": resource, "ScalableDimension": DIMENSION}


@pytest.fixture
def scaling(localaws: LocalAws) -> Any:
    return localaws.client("application-autoscaling", "dev")


@pytest.fixture
def endpoint(workload: Workload, scaling: Any) -> Iterator[str]:
    """Serve one variant that is a scalable target."""
    name = workload.endpoint(workload.config([{"ModelName": workload.model()}]))
    scaling.register_scalable_target(**ids(name), MinCapacity=1, MaxCapacity=4)
    yield name
    workload.delete(name)
    assert targets(scaling, name) == []


def targets(scaling: Any, endpoint: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[ids(endpoint)["ResourceId"]]
    )["ScalableTargets"]
    return found


def test_suspension_changes_only_what_it_names(endpoint: str, scaling: Any) -> None:
    scaling.register_scalable_target(**ids(endpoint), SuspendedState={"DynamicScalingInSuspended": True})
    (target,) = targets(scaling, endpoint)
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 4)
    assert target["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


def test_a_variant_that_does_not_exist_is_not_registered(endpoint: str, scaling: Any) -> None:
    with pytest.raises(ClientError, match="does not exist") as refused:
        scaling.register_scalable_target(**ids(endpoint, "other"), MinCapacity=1, MaxCapacity=2)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_policies_are_kept_until_their_target_goes(endpoint: str, scaling: Any) -> None:
    tracking = {
        "TargetValue": 600.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    created = scaling.put_scaling_policy(
        **ids(endpoint),
        PolicyName="load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    described = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", ResourceId=ids(endpoint)["ResourceId"])
    (policy,) = described["ScalingPolicies"]
    assert policy["PolicyARN"] == created["PolicyARN"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == tracking
    scaling.deregister_scalable_target(**ids(endpoint))
    assert (
        scaling.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=["load"])["ScalingPolicies"] == []
    )
    with pytest.raises(ClientError, match="No scalable target registered") as missing:
        scaling.deregister_scalable_target(**ids(endpoint))
    assert missing.value.response["Error"]["Code"] == "ObjectNotFoundException"


def test_a_scaled_variant_is_neither_removed_nor_moved_to_another_instance_type(
    workload: Workload, endpoint: str, scaling: Any
) -> None:
    model = workload.model()
    for change in ({"InstanceType": "ml.c6i.xlarge"}, {"VariantName": "other"}):
        config = workload.config([{"ModelName": model, **change}])
        with pytest.raises(ClientError, match=r'variant.* "stable" .* must be deregistered as scalable targets'):
            workload.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    same_type = workload.config([{"ModelName": model}])
    workload.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=same_type)
    assert workload.settled(endpoint)["EndpointConfigName"] == same_type


def test_targets_of_other_services_are_refused_by_name(scaling: Any) -> None:
    with pytest.raises(ClientError, match=r"ecs .* is not emulated"):
        scaling.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId="service/a/b",
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=1,
            MaxCapacity=2,
        )
