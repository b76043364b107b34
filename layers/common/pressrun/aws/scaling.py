"""Application Auto Scaling of endpoint variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pressrun.aws.sessions import workload_session
from pressrun.deployment.scaling import Scaling
from pressrun.settings import Stage

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient

_COUNT: Any = {"ServiceNamespace": "sagemaker", "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"}
_POLICY = "pressrun-invocations-per-instance"
# Scale-in waits for the minute's metric to settle; AWS's default is the same.
_COOLDOWN_SECONDS = 300


class VariantScaling:
    """Which variants of one workload account scale, and how."""

    def __init__(self, client: ApplicationAutoScalingClient) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach a stage's account through its deployment role."""
        return cls(workload_session(stage, release_id).client("application-autoscaling"))

    def suspend(self, endpoint_name: str, variant: str, *, suspended: bool) -> bool:
        """Stop or resume a variant's scaling; tell whether it scales at all."""
        if not self._scales(endpoint_name, variant):
            return False
        self._client.register_scalable_target(
            ResourceId=_resource(endpoint_name, variant),
            SuspendedState={
                "DynamicScalingInSuspended": suspended,
                "DynamicScalingOutSuspended": suspended,
                "ScheduledScalingSuspended": suspended,
            },
            **_COUNT,
        )
        return True

    def register(self, endpoint_name: str, scaling: Scaling) -> None:
        """Let a variant scale by target tracking."""
        resource = _resource(endpoint_name, scaling.variant)
        self._client.register_scalable_target(
            ResourceId=resource, MinCapacity=scaling.min, MaxCapacity=scaling.max, **_COUNT
        )
        self._client.put_scaling_policy(
            PolicyName=_POLICY,
            ResourceId=resource,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": scaling.target,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "ScaleInCooldown": _COOLDOWN_SECONDS,
                "ScaleOutCooldown": _COOLDOWN_SECONDS,
            },
            **_COUNT,
        )

    def deregister(self, endpoint_name: str, variant: str) -> None:
        """Take a variant out of scaling; one that does not scale is fine."""
        if self._scales(endpoint_name, variant):
            self._client.deregister_scalable_target(ResourceId=_resource(endpoint_name, variant), **_COUNT)

    def _scales(self, endpoint_name: str, variant: str) -> bool:
        found = self._client.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=[_resource(endpoint_name, variant)]
        )
        return bool(found["ScalableTargets"])


def _resource(endpoint_name: str, variant: str) -> str:
    return f"endpoint/{endpoint_name}/variant/{variant}"
