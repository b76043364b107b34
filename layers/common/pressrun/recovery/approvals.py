"""Approvals whose event was lost: a package is approved, and no release knows of it."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from pressrun.clock import parse_iso
from pressrun.release.opening import Package

# The event itself arrives within seconds; a package younger than this is given the time.
GRACE = timedelta(minutes=2)
# How far back a group is looked through: the newest packages.
NEWEST = 20


class Registry(Protocol):
    """The part of the model registry that knows what is approved."""

    def approved(self, group: str) -> list[str]:
        """Return the ARNs of a group's approved packages, newest first."""

    def package(self, arn: str) -> Package:
        """Return a package as it is now."""


class Book(Protocol):
    """What releases know of approvals."""

    def groups(self) -> list[str]:
        """Return the package groups that services own."""

    def approval(self, arn: str) -> dict[str, Any] | None:
        """Return what is known of a package's approval."""

    def watermark(self, now: datetime) -> str:
        """Return when the installation first looked; older approvals are none of its business."""


def lost_approvals(registry: Registry, book: Book, now: datetime) -> list[Package]:
    """Return packages approved after the watermark that have no release."""
    watermark = parse_iso(book.watermark(now))
    found = []
    for group in book.groups():
        for arn in registry.approved(group)[:NEWEST]:
            known = book.approval(arn)
            if known is None or known["approval"] != "Approved":
                package = registry.package(arn)
                approved = parse_iso(package.changed_at)
                if package.approval == "Approved" and watermark < approved < now - GRACE:
                    found.append(package)
    return found


def approval_event(package: Package) -> dict[str, Any]:
    """Return the registry's event of an approval, as far as it is read: it is a hint to look there."""
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {
            "ModelPackageArn": package.arn,
            "ModelPackageGroupName": package.group,
            "ModelApprovalStatus": package.approval,
        },
    }
