"""Scaling policies, kept and shown."""

import uuid
from typing import Any

from localaws.settings import REGION
from localaws.twin.autoscaling.records import (
    DIMENSION,
    IDENTITY,
    NAMESPACE,
    PAGE,
    existing_target,
    only_variants,
    target_arn,
    wanted,
)
from localaws.twin.call import Call
from localaws.twin.errors import ServiceError, invalid
from localaws.twin.listing import cut, pick
from localaws.twin.state import State, now

_CONFIGURATION = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
}


class ScalingPolicies:
    """The operations on scaling policies."""

    def __init__(self, state: State) -> None:
        self._state = state

    def put_scaling_policy(self, call: Call) -> dict[str, Any]:
        """Create or replace a target's policy."""
        only_variants(call.params)
        params = call.params
        with self._state.lock:
            target = self._state.table(call.account, "scalable_targets").get(params["ResourceId"])
            call.authorize(target_arn(call, target), tags=(target or {}).get("Tags"))
            existing_target(target, call)
            policies = self._state.table(call.account, "scaling_policies")
            present = policies.get(_key(params), {})
            kind = params.get("PolicyType", present.get("PolicyType", "StepScaling"))
            if kind not in _CONFIGURATION or _CONFIGURATION[kind] not in {**present, **params}:
                raise invalid(
                    f"PolicyType {kind} without its configuration, expected one of {', '.join(_CONFIGURATION)}."
                )
            policies[_key(params)] = {
                "PolicyARN": present.get("PolicyARN", _policy_arn(call)),
                **pick(params, ["PolicyName", *IDENTITY]),
                "PolicyType": kind,
                _CONFIGURATION[kind]: params.get(_CONFIGURATION[kind], present.get(_CONFIGURATION[kind])),
                "CreationTime": present.get("CreationTime", now()),
            }
        return {"PolicyARN": policies[_key(params)]["PolicyARN"], "Alarms": []}

    def describe_scaling_policies(self, call: Call) -> dict[str, Any]:
        """Describe policies of SageMaker's targets."""
        call.authorize("*")
        with self._state.lock:
            policies = list(self._state.table(call.account, "scaling_policies").values())
        names = call.params.get("PolicyNames")
        found = [
            policy
            for policy in policies
            if wanted(policy, call.params) and (names is None or policy["PolicyName"] in names)
        ]
        return cut(found, call.params, result="ScalingPolicies", size=PAGE)

    def delete_scaling_policy(self, call: Call) -> None:
        """Forget a policy."""
        with self._state.lock:
            target = self._state.table(call.account, "scalable_targets").get(call.params["ResourceId"])
            call.authorize(target_arn(call, target), tags=(target or {}).get("Tags"))
            if self._state.table(call.account, "scaling_policies").pop(_key(call.params), None) is None:
                raise ServiceError(
                    "ObjectNotFoundException",
                    f"No scaling policy found for service namespace: {NAMESPACE}, resource ID: "
                    f"{call.params['ResourceId']}, scalable dimension: {DIMENSION}: {call.params['PolicyName']}",
                )


def _key(params: dict[str, Any]) -> str:
    """Return what a policy is kept under."""
    return f"{params['ResourceId']} {params['PolicyName']}"


def _policy_arn(call: Call) -> str:
    """Build the ARN of a fresh policy."""
    params = call.params
    return (
        f"arn:aws:autoscaling:{REGION}:{call.account}:scalingPolicy:{uuid.uuid4()}:resource/{NAMESPACE}/"
        f"{params['ResourceId']}:policyName/{params['PolicyName']}"
    )
