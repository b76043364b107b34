"""The SageMaker model registry of the tools account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session
from pressrun.clock import iso
from pressrun.errors import ModelPackageError
from pressrun.release.opening import Package

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


class Registry:
    """Model packages."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    @classmethod
    def here(cls) -> Self:
        """Reach the registry of the function's own account."""
        return cls(own_session().client("sagemaker"))

    def describe(self, arn: str) -> dict[str, Any]:
        """Return a model package as it is now.

        Raises:
            ModelPackageError: the registry does not know it.
        """
        try:
            return dict(self._client.describe_model_package(ModelPackageName=arn))
        except ClientError as error:
            if error.response["Error"]["Code"] in {"ValidationException", "ResourceNotFound"}:
                raise ModelPackageError(
                    f"model package {arn} is not in the registry: {error.response['Error']['Message']}"
                ) from error
            raise

    def package(self, arn: str) -> Package:
        """Return the part of a model package that a release needs, as it is now."""
        found = self.describe(arn)
        changed = found.get("LastModifiedTime") or found["CreationTime"]
        who = found.get("LastModifiedBy") or found.get("CreatedBy") or {}
        return Package(
            arn=found["ModelPackageArn"],
            group=found.get("ModelPackageGroupName", ""),
            version=found.get("ModelPackageVersion", 0),
            status=found["ModelPackageStatus"],
            approval=found.get("ModelApprovalStatus", "PendingManualApproval"),
            changed_at=iso(changed),
            approved_by=(who.get("IamIdentity") or {}).get("Arn"),
            description=found,
        )

    def approved(self, group: str) -> list[str]:
        """Return the ARNs of a group's approved packages, newest first."""
        pages = self._client.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
        )
        return [package["ModelPackageArn"] for page in pages for package in page["ModelPackageSummaryList"]]
