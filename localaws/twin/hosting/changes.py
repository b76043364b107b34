"""The event of an endpoint that reached a state."""

from typing import Any

from localaws.twin.outbox import Outbox
from localaws.twin.state import Record

DETAIL_TYPE = "SageMaker Endpoint State Change"
_STATUS = {
    "OutOfService": "OUT_OF_SERVICE",
    "Creating": "CREATING",
    "Updating": "UPDATING",
    "SystemUpdating": "SYSTEM_UPDATING",
    "RollingBack": "ROLLING_BACK",
    "InService": "IN_SERVICE",
    "Deleting": "DELETING",
    "Failed": "FAILED",
    "UpdateRollbackFailed": "UPDATE_ROLLBACK_FAILED",
}


def announce(outbox: Outbox, endpoint: Record, tags: dict[str, str]) -> None:
    """Send the event of an endpoint's present state."""
    arn = endpoint["EndpointArn"]
    outbox.put(arn.split(":")[4], DETAIL_TYPE, event_detail(endpoint, tags), [arn])


def event_detail(endpoint: Record, tags: dict[str, str]) -> dict[str, Any]:
    """Build the event's detail: statuses in upper case, times in milliseconds, variants without their names."""
    detail = {
        "EndpointName": endpoint["EndpointName"],
        "EndpointArn": endpoint["EndpointArn"],
        "EndpointConfigName": endpoint["EndpointConfigName"],
        "ProductionVariants": [
            {
                "DesiredWeight": float(variant["DesiredWeight"]),
                "DesiredInstanceCount": float(variant["DesiredInstanceCount"]),
            }
            for variant in endpoint.get("ProductionVariants", [])
        ],
        "EndpointStatus": _STATUS[endpoint["EndpointStatus"]],
        "CreationTime": _milliseconds(endpoint["CreationTime"]),
        "LastModifiedTime": _milliseconds(endpoint["LastModifiedTime"]),
        "Tags": tags,
    }
    if reason := endpoint.get("FailureReason"):
        detail["FailureReason"] = reason
    return detail


def _milliseconds(seconds: float) -> float:
    """Write a time as this event does."""
    return round(seconds * 1000, 0)
