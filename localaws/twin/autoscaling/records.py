"""What targets and policies have in common."""

from typing import Any

from localaws.settings import REGION
from localaws.twin.call import Call
from localaws.twin.errors import ServiceError, invalid
from localaws.twin.state import Record

NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
IDENTITY = ("ServiceNamespace", "ResourceId", "ScalableDimension")
PAGE = 50


def only_variants(params: dict[str, Any]) -> None:
    """Refuse targets of other services, and other dimensions."""
    namespace, dimension = params["ServiceNamespace"], params["ScalableDimension"]
    if (namespace, dimension) != (NAMESPACE, DIMENSION):
        raise invalid(f"{namespace} {dimension} is not emulated by the embedded AWS, only {NAMESPACE} {DIMENSION}")
    parts = params["ResourceId"].split("/")
    if len(parts) != 4 or (parts[0], parts[2]) != ("endpoint", "variant"):
        raise invalid(f"Unsupported resource ID {params['ResourceId']!r}: expected endpoint/NAME/variant/VARIANT")


def existing_target(target: Record | None, call: Call) -> None:
    """Refuse a target that is not registered."""
    if target is None:
        raise ServiceError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: {NAMESPACE}, resource ID: "
            f"{call.params['ResourceId']}, scalable dimension: {DIMENSION}",
        )


def wanted(record: Record, params: dict[str, Any]) -> bool:
    """Tell whether a record passes a describe call's filters."""
    ids = params.get("ResourceIds") or ([params["ResourceId"]] if "ResourceId" in params else None)
    return (
        record["ServiceNamespace"] == params["ServiceNamespace"]
        and (ids is None or record["ResourceId"] in ids)
        and params.get("ScalableDimension", record["ScalableDimension"]) == record["ScalableDimension"]
    )


def target_arn(call: Call, target: Record | None) -> str:
    """Return a target's ARN, or what stands for one that is not registered."""
    pattern = f"arn:aws:application-autoscaling:{REGION}:{call.account}:scalable-target/*"
    return str(target["ScalableTargetARN"]) if target else pattern
