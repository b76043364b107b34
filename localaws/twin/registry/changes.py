"""The event of a model package that was created or changed."""

from datetime import UTC, datetime
from typing import Any

from localaws.twin.listing import pick
from localaws.twin.outbox import Outbox
from localaws.twin.state import Record

DETAIL_TYPE = "SageMaker Model Package State Change"
_COPIED = [
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "ModelApprovalStatus",
    "MetadataProperties",
    "ModelMetrics",
    "ModelLifeCycle",
]
# What the event calls the fields of UpdateModelPackage; other fields are not named in it.
_UPDATED = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ModelLifeCycle": "ModelLifeCycle",
    "ApprovalDescription": "ApprovalDescription",
    "SourceUri": "sourceUri",
    "CustomerMetadataProperties": "CustomerMetadataProperties",
    "CustomerMetadataPropertiesToRemove": "CustomerMetadataProperties",
    "InferenceSpecification": "InferenceSpecification",
}


def announce(outbox: Outbox, package: Record, updated: list[str] | None = None) -> None:
    """Send the event of a model package's present state."""
    detail = event_detail(package, updated)
    outbox.put(package["ModelPackageArn"].split(":")[4], DETAIL_TYPE, detail, [package["ModelPackageArn"]])


def event_detail(package: Record, updated: list[str] | None = None) -> dict[str, Any]:
    """Build the event's detail; `updated` names the request's fields."""
    detail: dict[str, Any] = {
        **pick(package, _COPIED),
        "CreationTime": _iso(package["CreationTime"]),
        "CertifyForMarketplace": package.get("CertifyForMarketplace", False),
    }
    if specification := package.get("InferenceSpecification"):
        containers = [pick(each, ["Image", "ImageDigest", "ModelDataUrl"]) for each in specification["Containers"]]
        types = pick(specification, ["SupportedContentTypes", "SupportedResponseMIMETypes"])
        detail["InferenceSpecification"] = {"Containers": containers, **types}
    if updated is not None:
        detail["UpdatedModelPackageFields"] = list(
            dict.fromkeys(_UPDATED[name] for name in updated if name in _UPDATED)
        )
    if "LastModifiedTime" in package:
        detail["LastModifiedTime"] = _iso(package["LastModifiedTime"])
    return detail


def _iso(seconds: float) -> str:
    """Write a time as this event does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
