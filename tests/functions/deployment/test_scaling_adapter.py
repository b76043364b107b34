from typing import Any

from botocore.stub import Stubber

from pressrun.aws.scaling import VariantScaling
from pressrun.deployment.scaling import Scaling
from tests.functions.deployment.stubbed import stubbed

RESOURCE = "endpoint/reranking/variant/stable"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"
KEY: dict[str, Any] = {"ServiceNamespace": "sagemaker", "ResourceId": RESOURCE, "ScalableDimension": DIMENSION}


def found(stub: Stubber, scales: bool) -> None:
    target = {**KEY, "MinCapacity": 1, "MaxCapacity": 4, "RoleARN": "arn:aws:iam::1:role/r", "CreationTime": 1}
    stub.add_response(
        "describe_scalable_targets",
        {"ScalableTargets": [target] if scales else []},
        {"ServiceNamespace": "sagemaker", "ResourceIds": [RESOURCE]},
    )


def test_a_variant_that_scales_is_suspended_in_every_way() -> None:
    state = dict.fromkeys(
        ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), True
    )
    with stubbed("application-autoscaling") as (client, stub):
        found(stub, True)
        stub.add_response("register_scalable_target", {}, {**KEY, "SuspendedState": state})
        assert VariantScaling(client).suspend("reranking", "stable", suspended=True)


def test_a_variant_that_does_not_scale_is_left_alone() -> None:
    with stubbed("application-autoscaling") as (client, stub):
        found(stub, False)
        assert not VariantScaling(client).suspend("reranking", "stable", suspended=True)


def test_a_variant_scales_by_invocations_per_instance() -> None:
    with stubbed("application-autoscaling") as (client, stub):
        stub.add_response("register_scalable_target", {}, {**KEY, "MinCapacity": 2, "MaxCapacity": 4})
        stub.add_response(
            "put_scaling_policy",
            {"PolicyARN": "arn"},
            {
                **KEY,
                "PolicyName": "pressrun-invocations-per-instance",
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": {
                    "TargetValue": 600.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                    "ScaleInCooldown": 300,
                    "ScaleOutCooldown": 300,
                },
            },
        )
        VariantScaling(client).register("reranking", Scaling(variant="stable", min=2, max=4, target=600))


def test_only_a_variant_that_scales_is_taken_out() -> None:
    with stubbed("application-autoscaling") as (client, stub):
        found(stub, True)
        stub.add_response("deregister_scalable_target", {}, KEY)
        found(stub, False)
        scaling = VariantScaling(client)
        scaling.deregister("reranking", "stable")
        scaling.deregister("reranking", "stable")
