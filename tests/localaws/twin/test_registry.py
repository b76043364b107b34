"""The registry as boto3 sees it."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.settings import ACCOUNTS
from tests.localaws.process import LocalAws
from tests.localaws.twin.conftest import Bus

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/pressrun/text-embedding:1"
SPECIFICATION = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://artifacts/text-embedding/1/model.tar.gz"}],
    "SupportedContentTypes": ["application/json"],
    "SupportedResponseMIMETypes": ["application/json"],
}


def register(localaws: LocalAws, group: str, **more: Any) -> str:
    sagemaker = localaws.client("sagemaker")
    created = sagemaker.create_model_package(ModelPackageGroupName=group, InferenceSpecification=SPECIFICATION, **more)
    return str(created["ModelPackageArn"])


def approve(localaws: LocalAws, arn: str, **more: Any) -> None:
    localaws.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", **more)


def test_versions_of_a_group_are_counted_from_one(localaws: LocalAws, group: str) -> None:
    arns = [register(localaws, group) for _ in range(2)]
    assert arns == [f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{group}/{n}" for n in (1, 2)]


def test_a_deleted_version_is_never_counted_again(localaws: LocalAws, group: str) -> None:
    localaws.client("sagemaker").delete_model_package(ModelPackageName=register(localaws, group))
    assert register(localaws, group).endswith("/2")


def test_a_version_waits_for_approval_unless_told_otherwise(localaws: LocalAws, group: str) -> None:
    package = localaws.client("sagemaker").describe_model_package(ModelPackageName=register(localaws, group))
    assert (package["ModelApprovalStatus"], package["ModelPackageStatus"]) == ("PendingManualApproval", "Completed")
    assert package["InferenceSpecification"] == SPECIFICATION


def test_a_client_token_registers_once(localaws: LocalAws, group: str) -> None:
    assert register(localaws, group, ClientToken="one") == register(localaws, group, ClientToken="one")


def test_a_client_token_is_not_taken_for_another_request(localaws: LocalAws, group: str) -> None:
    register(localaws, group, ClientToken="two")
    with pytest.raises(ClientError, match="used before with other parameters"):
        register(localaws, group, ClientToken="two", ModelPackageDescription="another")


def test_an_approval_is_an_event_that_names_the_updated_field(localaws: LocalAws, group: str, tools_bus: Bus) -> None:
    arn = register(localaws, group, MetadataProperties={"CommitId": "abc"})
    approve(localaws, arn)
    created, approved = tools_bus.wait_for(lambda detail: detail.get("ModelPackageArn") == arn, count=2)
    assert "UpdatedModelPackageFields" not in created["detail"]
    assert "LastModifiedTime" not in created["detail"]
    assert approved["detail-type"] == "SageMaker Model Package State Change"
    assert (approved["source"], approved["account"], approved["resources"]) == ("aws.sagemaker", "111111111111", [arn])
    detail = approved["detail"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", detail.pop("LastModifiedTime"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", detail.pop("CreationTime"))
    assert detail == {
        "ModelPackageGroupName": group,
        "ModelPackageVersion": 1,
        "ModelPackageArn": arn,
        "InferenceSpecification": SPECIFICATION,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CertifyForMarketplace": False,
        "ModelApprovalStatus": "Approved",
        "MetadataProperties": {"CommitId": "abc"},
        "UpdatedModelPackageFields": ["ModelApprovalStatus"],
    }


def test_a_description_of_an_approved_package_repeats_approved(localaws: LocalAws, group: str, tools_bus: Bus) -> None:
    arn = register(localaws, group, ModelApprovalStatus="Approved")
    localaws.client("sagemaker").update_model_package(
        ModelPackageArn=arn, SourceUri="s3://a/b", ApprovalDescription="x"
    )
    _, event = tools_bus.wait_for(lambda detail: detail.get("ModelPackageArn") == arn, count=2)
    assert event["detail"]["ModelApprovalStatus"] == "Approved"
    assert sorted(event["detail"]["UpdatedModelPackageFields"]) == ["ApprovalDescription", "sourceUri"]


def test_the_registry_knows_who_approved(localaws: LocalAws, group: str) -> None:
    arn = register(localaws, group)
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}]}
    iam = localaws.client("iam")
    role = iam.create_role(RoleName=f"approver-{group}", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    policy = {"Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": arn}]}
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="approve", PolicyDocument=json.dumps(policy))
    alice = localaws.client("sagemaker", credentials=localaws.assume(role["Arn"], "alice"))
    alice.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    package = localaws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert package["CreatedBy"]["IamIdentity"]["Arn"] == "arn:aws:iam::111111111111:root"
    identity = package["LastModifiedBy"]["IamIdentity"]
    assert identity["Arn"] == f"arn:aws:sts::111111111111:assumed-role/approver-{group}/alice"
    assert identity["PrincipalId"].endswith(":alice")
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:DescribeModelPackageGroup"):
        alice.describe_model_package_group(ModelPackageGroupName=group)


def test_versions_are_listed_oldest_first(localaws: LocalAws, group: str) -> None:
    arns = [register(localaws, group) for _ in range(3)]
    approve(localaws, arns[1])
    sagemaker = localaws.client("sagemaker")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert [each["ModelPackageArn"] for each in listed] == arns
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortOrder="Descending"
    )
    assert [each["ModelPackageArn"] for each in newest["ModelPackageSummaryList"]] == [arns[1]]


def test_pages_of_versions_are_complete(localaws: LocalAws, group: str) -> None:
    arns = [register(localaws, group) for _ in range(5)]
    pages = list(
        localaws.client("sagemaker")
        .get_paginator("list_model_packages")
        .paginate(ModelPackageGroupName=group, PaginationConfig={"PageSize": 2})
    )
    assert [len(each["ModelPackageSummaryList"]) for each in pages] == [2, 2, 1]
    assert [package["ModelPackageArn"] for each in pages for package in each["ModelPackageSummaryList"]] == arns


def test_metadata_properties_are_merged_and_removed(localaws: LocalAws, group: str) -> None:
    arn = register(localaws, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    localaws.client("sagemaker").update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"c": "3"}, CustomerMetadataPropertiesToRemove=["a"]
    )
    package = localaws.client("sagemaker").describe_model_package(ModelPackageName=arn)
    assert package["CustomerMetadataProperties"] == {"b": "2", "c": "3"}


def test_another_account_reads_a_package_only_when_the_group_shares_it(localaws: LocalAws, group: str) -> None:
    arn = register(localaws, group)
    dev = localaws.client("sagemaker", "dev")
    with pytest.raises(ClientError, match="no resource-based policy allows") as refused:
        dev.describe_model_package(ModelPackageName=arn)
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS['dev']}:root"},
                "Action": "sagemaker:DescribeModelPackage",
                "Resource": f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{group}/*",
            }
        ]
    }
    tools = localaws.client("sagemaker")
    tools.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=json.dumps(policy))
    assert dev.describe_model_package(ModelPackageName=arn)["ModelPackageVersion"] == 1
    with pytest.raises(ClientError, match="sagemaker:UpdateModelPackage"):
        dev.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        localaws.client("sagemaker", "qa").describe_model_package(ModelPackageName=arn)


def test_a_group_with_versions_is_not_deleted(localaws: LocalAws, group: str) -> None:
    arn = register(localaws, group)
    sagemaker = localaws.client("sagemaker")
    with pytest.raises(ClientError, match="still contains Model Packages") as refused:
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_tags_of_a_group_are_kept(localaws: LocalAws, group: str) -> None:
    sagemaker = localaws.client("sagemaker")
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "search"}, {"Key": "tier", "Value": "1"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["tier"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "search"}]


def test_bounds_the_client_does_not_check_are_checked(localaws: LocalAws) -> None:
    with pytest.raises(ClientError, match="Member must satisfy regular expression pattern") as refused:
        localaws.client("sagemaker").create_model_package_group(ModelPackageGroupName="no blanks")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_operation_the_twin_lacks_is_named(localaws: LocalAws) -> None:
    with pytest.raises(ClientError, match="ListTrainingJobs is not emulated") as refused:
        localaws.client("sagemaker").list_training_jobs()
    assert refused.value.response["Error"]["Code"] == "UnsupportedOperationException"


def test_a_parameter_the_twin_lacks_is_named(localaws: LocalAws, group: str) -> None:
    card = {"ModelCardContent": "{}", "ModelCardStatus": "Draft"}
    with pytest.raises(ClientError, match="ModelCard of CreateModelPackage is not emulated"):
        register(localaws, group, ModelCard=card)
