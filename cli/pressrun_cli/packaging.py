"""Registering a model package: archive up, package in the registry, approval by its own act."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

from pressrun_cli.build_context import build_context_files, zip_source
from pressrun_cli.connection import Connection
from pressrun_cli.errors import CommandError
from pressrun_cli.publishing import repository_uri
from pressrun_cli.spec_files import Service


class Package(NamedTuple):
    """A registered model package."""

    arn: str
    version: int
    archive: str


def register(connection: Connection, service: Service, archive: Path, serving: Path, description: str) -> Package:
    """Upload an archive and register it with the service's image; the package waits for its approval."""
    if not archive.is_file():
        raise CommandError(f"archive {archive} does not exist, expected a model.tar.gz")
    url = _upload(connection, service.spec.name, archive)
    source = zip_source(build_context_files(service.folder, serving)).sha256
    answer = connection.client("sagemaker").create_model_package(
        ModelPackageGroupName=service.spec.model_package_group,
        ModelPackageDescription=description,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [
                {"Image": f"{repository_uri(connection, service.spec.name)}:src-{source}", "ModelDataUrl": url}
            ],
            "SupportedContentTypes": service.spec.content_types,
            "SupportedResponseMIMETypes": ["application/json"],
        },
        CustomerMetadataProperties={"source_sha256": source},
    )
    arn = answer["ModelPackageArn"]
    return Package(arn, int(arn.rsplit("/", 1)[-1]), url)


def approve(connection: Connection, arn: str, reason: str) -> dict[str, Any]:
    """Approve a package in the registry; the event opens its release."""
    connection.client("sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription=reason
    )
    return dict(connection.client("sagemaker").describe_model_package(ModelPackageName=arn))


def _upload(connection: Connection, service: str, archive: Path) -> str:
    with archive.open("rb") as body:
        sha256 = hashlib.file_digest(body, "sha256").hexdigest()
    bucket = connection.output("ArtifactsBucketName")
    key = f"packages/{service}/{sha256[:16]}/model.tar.gz"
    connection.client("s3").upload_file(str(archive), bucket, key)
    return f"s3://{bucket}/{key}"
