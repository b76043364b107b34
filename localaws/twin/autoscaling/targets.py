"""Scalable targets: an endpoint's variant, its bounds, what is suspended."""

import uuid
from typing import Any

from localaws.settings import REGION
from localaws.twin.autoscaling.records import IDENTITY, PAGE, existing_target, only_variants, target_arn, wanted
from localaws.twin.call import Call, Tags, request_tags
from localaws.twin.errors import ServiceError, invalid
from localaws.twin.listing import cut, pick
from localaws.twin.state import Record, State, now

ROLE = (
    "aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)
NOT_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


class ScalableTargets:
    """The operations on scalable targets."""

    def __init__(self, state: State) -> None:
        self._state = state

    def register_scalable_target(self, call: Call) -> dict[str, Any]:
        """Register a variant, or change what is registered."""
        only_variants(call.params)
        key, tags = call.params["ResourceId"], call.params.get("Tags", {})
        with self._state.lock:
            targets = self._state.table(call.account, "scalable_targets")
            present = targets.get(key)
            call.authorize(target_arn(call, present), tags=(present or {}).get("Tags"), context=_context(call, tags))
            self._variant(call)
            target = {**(present or _new_target(call)), **pick(call.params, ["MinCapacity", "MaxCapacity"])}
            target["SuspendedState"] = {**target["SuspendedState"], **call.params.get("SuspendedState", {})}
            target["Tags"] = {**target["Tags"], **tags}
            _check_capacity(target)
            targets[key] = target
        return {"ScalableTargetARN": target["ScalableTargetARN"]}

    def describe_scalable_targets(self, call: Call) -> dict[str, Any]:
        """Describe targets of SageMaker."""
        call.authorize("*")
        with self._state.lock:
            targets = list(self._state.table(call.account, "scalable_targets").values())
        found = [
            {name: value for name, value in target.items() if name != "Tags"}
            for target in targets
            if wanted(target, call.params)
        ]
        return cut(found, call.params, result="ScalableTargets", size=PAGE)

    def deregister_scalable_target(self, call: Call) -> None:
        """Forget a target and its policies."""
        key = call.params["ResourceId"]
        with self._state.lock:
            present = self._state.table(call.account, "scalable_targets").get(key)
            call.authorize(target_arn(call, present), tags=(present or {}).get("Tags"))
            existing_target(present, call)
            del self._state.table(call.account, "scalable_targets")[key]
            policies = self._state.table(call.account, "scaling_policies")
            for name in [name for name, policy in policies.items() if policy["ResourceId"] == key]:
                del policies[name]

    def list_tags_for_resource(self, call: Call) -> dict[str, Any]:
        """List a target's tags."""
        arn = call.params["ResourceARN"]
        targets = self._state.table(call.account, "scalable_targets").values()
        found = next((target for target in targets if target["ScalableTargetARN"] == arn), None)
        call.authorize(arn, tags=(found or {}).get("Tags"))
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"No scalable target has the ARN {arn}.")
        return {"Tags": found["Tags"]}

    def _variant(self, call: Call) -> None:
        """Refuse a variant that does not exist."""
        _, endpoint, _, variant = call.params["ResourceId"].split("/")
        record = self._state.table(call.account, "endpoints").get(endpoint, {})
        if variant not in [each["VariantName"] for each in record.get("ProductionVariants", [])]:
            raise invalid(f"The SageMaker variant {call.params['ResourceId']} does not exist.")


def _new_target(call: Call) -> Record:
    """Build the record of a fresh target."""
    return {
        **pick(call.params, list(IDENTITY)),
        "ScalableTargetARN": (
            f"arn:aws:application-autoscaling:{REGION}:{call.account}:scalable-target/{uuid.uuid4().hex[:28]}"
        ),
        "RoleARN": f"arn:aws:iam::{call.account}:role/{ROLE}",
        "CreationTime": now(),
        "SuspendedState": NOT_SUSPENDED,
        "Tags": {},
    }


def _check_capacity(target: Record) -> None:
    """Refuse a target without both bounds, or with crossed ones."""
    for name in ("MinCapacity", "MaxCapacity"):
        if name not in target:
            raise invalid(f"{name} is required when a scalable target is registered.")
    if target["MinCapacity"] > target["MaxCapacity"]:
        raise invalid("Maximum capacity cannot be less than minimum capacity")


def _context(call: Call, tags: Tags) -> dict[str, Any]:
    """Return the condition keys of a registration."""
    keys = {"service-namespace": "ServiceNamespace", "scalable-dimension": "ScalableDimension"}
    return request_tags(tags) | {f"application-autoscaling:{key}": call.params[name] for key, name in keys.items()}
