"""What IAM allows: actions, resources, tags, roles to pass, images and archives of another account."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.settings import ACCOUNTS
from tests.localaws.process import LocalAws
from tests.localaws.twin.hosting import BUCKET, EXECUTION, REPOSITORY, TRUST, Workload, make_role

DEV = ACCOUNTS["dev"]
TRUST_DEV = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": DEV}, "Action": "sts:AssumeRole"}]}


def deployer(localaws: LocalAws, *statements: dict[str, Any]) -> Any:
    """Return a client of a role with these statements."""
    policy = {"Statement": [{"Effect": "Allow", "Resource": "*", **statement} for statement in statements]}
    role = make_role(localaws, f"deployer-{uuid.uuid4().hex[:8]}", TRUST_DEV, policy)
    return localaws.client("sagemaker", credentials=localaws.assume(role, "release", "dev"))


def create(client: Any, workload: Workload, **more: Any) -> str:
    name = f"model-{uuid.uuid4().hex[:8]}"
    container = {"Image": workload.image}
    client.create_model(ModelName=name, **{"PrimaryContainer": container, "ExecutionRoleArn": workload.role, **more})
    return name


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def test_a_role_has_to_be_passed_with_permission(workload: Workload, localaws: LocalAws) -> None:
    passing = {
        "Action": "iam:PassRole",
        "Resource": workload.role,
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    with pytest.raises(ClientError, match="is not authorized to perform: iam:PassRole") as refused:
        create(deployer(localaws, {"Action": "sagemaker:*"}), workload)
    assert code_of(refused) == "AccessDeniedException"
    create(deployer(localaws, {"Action": "sagemaker:*"}, passing), workload)


def test_a_role_of_another_account_is_not_passed(workload: Workload, localaws: LocalAws) -> None:
    foreign = make_role(localaws, "foreign-execution", TRUST, EXECUTION, "qa")
    with pytest.raises(ClientError, match="Cross-account pass role is not allowed"):
        create(workload.sagemaker, workload, ExecutionRoleArn=foreign)


def test_a_role_has_to_trust_sagemaker(workload: Workload, localaws: LocalAws) -> None:
    role = make_role(localaws, "trusts-dev-only", TRUST_DEV, EXECUTION)
    with pytest.raises(ClientError, match=r"Could not assume role .*trusts-dev-only") as refused:
        create(workload.sagemaker, workload, ExecutionRoleArn=role)
    assert code_of(refused) == "ValidationException"
    with pytest.raises(ClientError, match="Could not assume role"):
        create(workload.sagemaker, workload, ExecutionRoleArn=f"arn:aws:iam::{DEV}:role/nobody")


def test_a_role_has_to_read_archive_and_image(workload: Workload, localaws: LocalAws) -> None:
    data = workload.archive("v1")
    statements = EXECUTION["Statement"]
    reader, puller = (
        make_role(localaws, f"only-{name}", TRUST, {"Statement": [statement]})
        for name, statement in (("reads", statements[0]), ("pulls", statements[1]))
    )
    container = {"Image": workload.image, "ModelDataUrl": data}
    with pytest.raises(ClientError, match="does not have BatchGetImage permission"):
        create(workload.sagemaker, workload, ExecutionRoleArn=reader, PrimaryContainer=container)
    with pytest.raises(ClientError, match="Could not access model data at s3://"):
        create(workload.sagemaker, workload, ExecutionRoleArn=puller, PrimaryContainer=container)


def test_a_bucket_that_is_not_shared_is_not_read(workload: Workload, localaws: LocalAws) -> None:
    bucket = f"private-{uuid.uuid4().hex[:8]}"
    s3 = localaws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="model.tar.gz", Body=b"")
    allowed = {"Statement": [{"Effect": "Allow", "Action": ["s3:*", "ecr:*"], "Resource": "*"}]}
    role = make_role(localaws, f"reads-{bucket}", TRUST, allowed)
    container = {"Image": workload.image, "ModelDataUrl": f"s3://{bucket}/model.tar.gz"}
    with pytest.raises(ClientError, match="Could not access model data"):
        create(workload.sagemaker, workload, ExecutionRoleArn=role, PrimaryContainer=container)


def test_a_missing_archive_is_named(workload: Workload, localaws: LocalAws) -> None:
    statements = [*EXECUTION["Statement"], {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]
    role = make_role(localaws, "lists", TRUST, {"Statement": statements})
    url = f"s3://{BUCKET}/nowhere/model.tar.gz"
    container = {"Image": workload.image, "ModelDataUrl": url}
    with pytest.raises(ClientError, match=f"Could not (find|access) model data at {url}"):
        create(workload.sagemaker, workload, ExecutionRoleArn=role, PrimaryContainer=container)


def test_an_image_is_shared_by_its_repository_only(workload: Workload, localaws: LocalAws) -> None:
    allowed = {"Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}
    role = make_role(localaws, "qa-execution", TRUST, allowed, "qa")
    with pytest.raises(ClientError, match="does not have BatchGetImage permission"):
        create(localaws.client("sagemaker", "qa"), workload, ExecutionRoleArn=role)
    missing = workload.image.replace(f"{REPOSITORY}:1", f"{REPOSITORY}:2")
    with pytest.raises(ClientError, match=r"Requested image .* not found"):
        create(workload.sagemaker, workload, PrimaryContainer={"Image": missing})


def test_tags_decide_what_a_role_may_touch(workload: Workload, localaws: LocalAws) -> None:
    key = "pressrun:service"
    role = deployer(
        localaws,
        {"Action": "iam:PassRole"},
        {
            "Action": ["sagemaker:CreateModel", "sagemaker:AddTags"],
            "Condition": {"StringEquals": {f"aws:RequestTag/{key}": "mine"}},
        },
        {"Action": "sagemaker:DeleteModel", "Condition": {"StringEquals": {f"aws:ResourceTag/{key}": "mine"}}},
    )
    mine = create(role, workload, Tags=[{"Key": key, "Value": "mine"}])
    role.delete_model(ModelName=mine)
    for tags in ([], [{"Key": key, "Value": "yours"}]):
        with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:CreateModel"):
            create(role, workload, Tags=tags)
    untagged = create(workload.sagemaker, workload)
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:DeleteModel"):
        role.delete_model(ModelName=untagged)


def test_tagging_at_creation_needs_its_own_permission(workload: Workload, localaws: LocalAws) -> None:
    role = deployer(localaws, {"Action": ["sagemaker:CreateModel", "iam:PassRole"]})
    create(role, workload)
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:AddTags"):
        create(role, workload, Tags=[{"Key": "a", "Value": "b"}])


def test_a_model_is_created_from_a_shared_package(workload: Workload, localaws: LocalAws, group: str) -> None:
    tools = localaws.client("sagemaker")
    container = {"Image": workload.image, "ImageDigest": workload.digest, "ModelDataUrl": workload.archive("v9")}
    arn = tools.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification={"Containers": [container]},
    )["ModelPackageArn"]
    packaged = {"ModelPackageName": arn}
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:CreateModel"):
        create(workload.sagemaker, workload, PrimaryContainer=packaged)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{DEV}:root"},
        "Action": ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"],
        "Resource": f"arn:aws:sagemaker:us-east-1:{ACCOUNTS['tools']}:model-package/{group}/*",
    }
    policy = json.dumps({"Statement": [statement]})
    tools.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
    model = create(workload.sagemaker, workload, PrimaryContainer=packaged)
    name = workload.endpoint(workload.config([{"ModelName": model}]))
    assert workload.invoke(name)["Said"]["model"] == "v9"
    image = workload.sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]["DeployedImages"][0]
    assert image["SpecifiedImage"].endswith(f"{REPOSITORY}@{workload.digest}")
    workload.delete(name)
