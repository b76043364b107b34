import io
import json
import re
import tarfile
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from functions.release import start_release
from pressrun.aws.registry import Registry
from pressrun.service.spec import ServiceSpec
from tests.functions.conftest import ACCOUNT, BUCKET, LambdaContext, Tools

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model-package/reranking/7"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/pressrun/reranking"


def archive() -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as tar:
        member = tarfile.TarInfo("model.onnx")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"onnx"))
    return body.getvalue()


@pytest.fixture
def registry(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A registry with one approved package; tests change the dict."""
    tools.publish(ServiceSpec(name="reranking", owner="search-team"))
    tools.s3.put_object(Bucket=BUCKET, Key="packages/reranking/7/model.tar.gz", Body=archive())
    ecr = boto3.client("ecr", region_name="us-east-1")
    ecr.create_repository(repositoryName="pressrun/reranking")
    kind = "application/vnd.docker.distribution.manifest.v2+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {"digest": "sha256:" + "0" * 64}})
    ecr.put_image(repositoryName="pressrun/reranking", imageManifest=manifest, imageTag="one")
    moment = datetime(2026, 11, 23, 9, 14, 6, tzinfo=UTC)
    found: dict[str, Any] = {
        "ModelPackageArn": ARN,
        "ModelPackageGroupName": "reranking",
        "ModelPackageVersion": 7,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": "Approved",
        "CreationTime": moment,
        "LastModifiedTime": moment,
        "LastModifiedBy": {"IamIdentity": {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/alice/alice"}},
        "InferenceSpecification": {
            "Containers": [
                {"Image": f"{REPOSITORY}:one", "ModelDataUrl": f"s3://{BUCKET}/packages/reranking/7/model.tar.gz"}
            ]
        },
    }
    monkeypatch.setattr(Registry, "describe", lambda _, arn: {**found, "ModelPackageArn": arn})
    return found


def message(body: Any, message_id: str = "1") -> dict[str, Any]:
    return {
        "messageId": message_id,
        "receiptHandle": "handle",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {},
        "messageAttributes": {},
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:{ACCOUNT}:queue",
        "awsRegion": "us-east-1",
    }


def approved(**detail: Any) -> dict[str, Any]:
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Model Package State Change",
        "detail": {"ModelPackageGroupName": "reranking", "ModelPackageArn": ARN, **detail},
    }


def deliver(context: LambdaContext, *bodies: Any) -> list[dict[str, Any]]:
    records = [message(body, str(number)) for number, body in enumerate(bodies)]
    return list(start_release.handler({"Records": records}, context)["batchItemFailures"])


def records(tools: Tools) -> list[dict[str, Any]]:
    found = tools.table("releases").scan()["Items"]
    return [item for item in found if item["record"] == "release"]


@pytest.mark.usefixtures("registry")
def test_an_approved_package_becomes_one_running_release(tools: Tools, context: LambdaContext) -> None:
    assert deliver(context, approved()) == []
    (record,) = records(tools)
    (execution,) = tools.executions("promote_release")
    assert execution["name"] == record["release_id"]
    assert record["requested_by"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/alice/alice"
    manifest = json.loads(
        tools.s3.get_object(Bucket=BUCKET, Key=f"evidence/{record['release_id']}/manifest.json")["Body"].read()
    )
    assert manifest["image"]["digest"].startswith("sha256:")
    copy = tools.s3.get_object(Bucket=BUCKET, Key=manifest["model"]["key"])["Body"].read()
    assert copy == tools.s3.get_object(Bucket=BUCKET, Key="packages/reranking/7/model.tar.gz")["Body"].read()


@pytest.mark.usefixtures("registry")
def test_the_same_event_twice_and_late_opens_one_release(tools: Tools, context: LambdaContext) -> None:
    assert deliver(context, approved(), approved()) == []
    assert deliver(context, approved()) == []
    assert len(records(tools)) == 1
    assert len(tools.executions("promote_release")) == 1


def test_an_event_that_says_approved_of_a_package_that_is_not_changes_nothing(
    tools: Tools, context: LambdaContext, registry: dict[str, Any]
) -> None:
    registry["ModelApprovalStatus"] = "PendingManualApproval"
    assert deliver(context, approved(ModelApprovalStatus="Approved")) == []
    assert records(tools) == []


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("body", ["not json", "[]", json.dumps({"source": "aws.sagemaker"})])
def test_a_malformed_event_fails_alone_and_so_reaches_the_dead_letters(
    tools: Tools, context: LambdaContext, body: str
) -> None:
    assert deliver(context, body, approved()) == [{"itemIdentifier": "0"}]
    assert len(records(tools)) == 1


@pytest.mark.usefixtures("registry")
def test_a_batch_of_nothing_but_malformed_events_fails_whole(tools: Tools, context: LambdaContext) -> None:
    with pytest.raises(BatchProcessingError, match="ModelPackageStateChange"):
        deliver(context, "not json")
    assert records(tools) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"Containers": [{"ModelDataUrl": f"s3://{BUCKET}/x"}]}, "ModelPackageError: .* names no container image"),
        ({"Containers": []}, "ModelPackageError: .* has 0 containers"),
        (
            {"Containers": [{"Image": f"{REPOSITORY}:one", "ModelDataUrl": f"s3://{BUCKET}/nothing"}]},
            "ArchiveError: archive s3://artifacts/nothing cannot be read",
        ),
        (
            {"Containers": [{"Image": f"{REPOSITORY}:two", "ModelDataUrl": f"s3://{BUCKET}/x"}]},
            "ModelPackageError: image .*:two .* is not in ECR and there are no sources",
        ),
    ],
)
def test_a_package_that_cannot_be_released_is_rejected_with_a_named_error(
    tools: Tools, context: LambdaContext, registry: dict[str, Any], change: dict[str, Any], told: str
) -> None:
    registry["InferenceSpecification"] = change
    assert deliver(context, approved()) == []
    (record,) = records(tools)
    assert record["status"] == "rejected"
    assert re.match(told, f"{record['failure']['error']}: {record['failure']['cause']}")
    assert tools.executions("promote_release") == []


def test_an_archive_that_is_none_is_rejected(tools: Tools, context: LambdaContext, registry: dict[str, Any]) -> None:
    tools.s3.put_object(Bucket=BUCKET, Key="packages/reranking/7/model.tar.gz", Body=b"PK zip")
    deliver(context, approved())
    (record,) = records(tools)
    assert record["failure"]["error"] == "ArchiveError"
    assert "is not a gzipped tar" in record["failure"]["cause"]
