"""Publishing a service: its spec under its digest, its repository and package group, its image."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from pressrun.canonical import canonical
from pressrun.clock import iso, now
from pressrun_cli.build_context import SourceZip, build_context_files, zip_source
from pressrun_cli.connection import Connection
from pressrun_cli.errors import CommandError
from pressrun_cli.spec_files import Service

BUILD_POLL_SECONDS = 2
BUILD_SECONDS = 1800
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]


class Published(NamedTuple):
    """A published service."""

    digest: str
    source_sha256: str
    image: str


def publish(connection: Connection, service: Service, serving: Path, say: Callable[[str], None]) -> Published:
    """Publish spec, golden set and load samples, and build the image if it was never built. Repeatable."""
    name = service.spec.name
    _ensure_group(connection, service)
    repository = _ensure_repository(connection, name)
    say(f"{name}: spec {service.digest[:12]}")
    _publish_spec(connection, service)
    source = zip_source(build_context_files(service.folder, serving))
    image = ensure_image(connection, name, repository, source, say)
    return Published(service.digest, source.sha256, image)


def repository_uri(connection: Connection, service: str) -> str:
    """Return the address of a service's repository."""
    region = connection.session.region_name
    return f"{connection.account}.dkr.ecr.{region}.amazonaws.com/pressrun/{service}"


def _publish_spec(connection: Connection, service: Service) -> None:
    bucket, name = connection.output("ArtifactsBucketName"), service.spec.name
    store = connection.client("s3")
    for file, body in service.documents.items():
        _put_once(store, bucket, f"specs/{name}/{service.digest}/{file}", body)
    group = {"service": name}
    store.put_object(Bucket=bucket, Key=f"groups/{service.spec.model_package_group}.json", Body=canonical(group))
    pointer = {"digest": service.digest, "published_at": iso(now())}
    store.put_object(Bucket=bucket, Key=f"specs/{name}/newest.json", Body=canonical(pointer))


def _put_once(store: Any, bucket: str, key: str, body: bytes) -> None:
    try:
        store.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


def _ensure_group(connection: Connection, service: Service) -> None:
    registry = connection.client("sagemaker")
    group = service.spec.model_package_group
    try:
        registry.describe_model_package_group(ModelPackageGroupName=group)
    except ClientError:
        registry.create_model_package_group(
            ModelPackageGroupName=group,
            ModelPackageGroupDescription=(service.spec.description or f"models of service {service.spec.name}")[:1024],
            Tags=[{"Key": "pressrun:service", "Value": service.spec.name}],
        )


def _ensure_repository(connection: Connection, service: str) -> str:
    registry = connection.client("ecr")
    name = f"pressrun/{service}"
    try:
        registry.create_repository(
            repositoryName=name,
            imageTagMutability="IMMUTABLE",
            imageScanningConfiguration={"scanOnPush": True},
            tags=[{"Key": "pressrun:service", "Value": service}],
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryAlreadyExistsException":
            raise
    accounts = connection.output("WorkloadAccountIds").split(",")
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WorkloadAccountsPull",
                "Effect": "Allow",
                "Principal": {"AWS": [f"arn:aws:iam::{account}:root" for account in accounts]},
                "Action": PULL,
            }
        ],
    }
    registry.set_repository_policy(repositoryName=name, policyText=json.dumps(policy))
    return repository_uri(connection, service)


def ensure_image(
    connection: Connection, service: str, repository: str, source: SourceZip, say: Callable[[str], None]
) -> str:
    """Return the image of these sources by digest; build it where it was never built."""
    tag = f"src-{source.sha256}"
    found = _image(connection, service, tag)
    if not found:
        bucket = connection.output("ArtifactsBucketName")
        _put_once(connection.client("s3"), bucket, f"sources/{source.sha256}.zip", source.content)
        say(f"{service}: building image {tag[:16]}")
        _build(connection, f"{bucket}/sources/{source.sha256}.zip", repository, tag)
        found = _image(connection, service, tag)
    if not found:
        raise CommandError(f"the build of {service!r} succeeded, but image {repository}:{tag} is not in ECR")
    return f"{repository}@{found}"


def _image(connection: Connection, service: str, tag: str) -> str | None:
    try:
        answer = connection.client("ecr").describe_images(
            repositoryName=f"pressrun/{service}", imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ImageNotFoundException":
            return None
        raise
    return str(answer["imageDetails"][0]["imageDigest"])


def _build(connection: Connection, source: str, repository: str, tag: str) -> None:
    builder = connection.client("codebuild")
    build = builder.start_build(
        projectName=connection.output("BuildProjectName"),
        sourceTypeOverride="S3",
        sourceLocationOverride=source,
        environmentVariablesOverride=[
            {"name": "REGISTRY", "value": repository.split("/", 1)[0], "type": "PLAINTEXT"},
            {"name": "IMAGE_URI", "value": f"{repository}:{tag}", "type": "PLAINTEXT"},
        ],
    )["build"]
    deadline = time.monotonic() + BUILD_SECONDS
    while build["buildStatus"] == "IN_PROGRESS":
        if time.monotonic() > deadline:
            raise CommandError(f"build {build['id']} is still running after {BUILD_SECONDS} s")
        time.sleep(BUILD_POLL_SECONDS)
        build = builder.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        raise CommandError(f"build {build['id']} ended {build['buildStatus']}, expected SUCCEEDED; its log names why")
