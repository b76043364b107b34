"""What the templates promise: keys, network, tags reach all that takes them; nothing is lost; alarms have runbooks."""

import re
from typing import Any

from tests.contract.machines import ROOT
from tests.contract.template import TOOLS, WORKLOAD, Resource, of_type, resources, template, translated

# Property that takes a customer key, by type. A type that stores something and is not here fails the test below.
KEY_OF = {
    "AWS::CodeBuild::Project": "EncryptionKey",
    "AWS::DynamoDB::Table": "SSESpecification",
    "AWS::Events::EventBus": "KmsKeyIdentifier",
    "AWS::Lambda::Function": "KmsKeyArn",
    "AWS::Logs::LogGroup": "KmsKeyId",
    "AWS::S3::Bucket": "BucketEncryption",
    "AWS::SQS::Queue": "KmsMasterKeyId",
    "AWS::Scheduler::Schedule": "KmsKeyArn",
    "AWS::StepFunctions::StateMachine": "EncryptionConfiguration",
}
NETWORKED = {"AWS::CodeBuild::Project", "AWS::Lambda::Function"}
TAGGED = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::CodeBuild::Project",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::StepFunctions::StateMachine",
}
# Neither key, network nor tags: parts of others, and what CloudFormation gives no tags.
PLAIN = {
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::IAM::ManagedPolicy",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}
# SAM makes these out of a function's events, and hands no tags on to them.
UNTAGGED_BY_SAM = {"AWS::Events::Rule", "AWS::Lambda::EventSourceMapping"}
ALARM_RUNBOOK = re.compile(r"docs/runbooks/(\w+)\.md")


def everything() -> list[tuple[str, Resource]]:
    return [(name, resource) for path in (TOOLS, WORKLOAD) for name, resource in translated(path).items()]


def properties(resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = resource.get("Properties", {})
    return found


def mentions(value: Any, name: str) -> bool:
    """Tell whether a document refers to a parameter or resource."""
    if isinstance(value, dict):
        if value.get("Ref") == name or name in str(value.get("Fn::Sub", "")):
            return True
        attribute = value.get("Fn::GetAtt")
        if attribute and attribute[0] == name:
            return True
        return any(mentions(part, name) for part in value.values())
    return isinstance(value, list) and any(mentions(part, name) for part in value)


def test_every_type_is_known_to_this_test() -> None:
    assert {resource["Type"] for _, resource in everything()} <= TAGGED | PLAIN


def test_a_customer_key_reaches_everything_that_is_stored() -> None:
    for name, resource in everything():
        if resource["Type"] in KEY_OF:
            assert mentions(properties(resource).get(KEY_OF[resource["Type"]]), "KmsKeyArn"), name


def test_the_network_reaches_everything_that_runs() -> None:
    for name, resource in everything():
        if resource["Type"] in NETWORKED:
            network = properties(resource).get("VpcConfig")
            assert mentions(network, "VpcSubnetIds"), name
            assert mentions(network, "VpcSecurityGroupIds"), name


def test_owner_and_cost_center_are_on_everything_that_takes_tags() -> None:
    for name, resource in everything():
        made_by_sam = name not in resources() and name not in resources(WORKLOAD)
        if resource["Type"] in TAGGED and not (made_by_sam and resource["Type"] in UNTAGGED_BY_SAM):
            tags = properties(resource).get("Tags")
            assert mentions(tags, "Owner"), name
            assert mentions(tags, "CostCenter"), name


def test_the_workload_account_tells_its_key_network_isolation_and_tags() -> None:
    value = properties(resources(WORKLOAD)["WorkloadParameter"])["Value"]
    for name in ("KmsKeyArn", "VpcSubnetIds", "VpcSecurityGroupIds"):
        assert mentions(value, name)
    for name in ("EnableNetworkIsolation", "Owner", "CostCenter", "ExecutionRole.Arn"):
        assert f"${{{name}}}" in value["Fn::Sub"][0]


def test_every_role_may_use_the_customer_key() -> None:
    roles = {name for name, resource in translated().items() if resource["Type"] == "AWS::IAM::Role"}
    allowed = {role["Ref"] for role in properties(resources()["UseKeyPolicy"])["Roles"]}
    assert allowed == roles


def test_no_role_has_more_managed_policies_than_iam_attaches() -> None:
    for name, resource in everything():
        if resource["Type"] == "AWS::IAM::Role":
            # Besides what stands here: the customer key's policy.
            assert len(properties(resource).get("ManagedPolicyArns", [])) + 1 <= 10, name


def test_every_queue_has_dead_letters_or_is_where_they_lie() -> None:
    for path in (TOOLS, WORKLOAD):
        for name, queue in of_type("AWS::SQS::Queue", path).items():
            if "RedrivePolicy" not in properties(queue):
                assert re.search(r"Dead|Undelivered|Unforwarded", name), name
                assert properties(queue)["MessageRetentionPeriod"] == 1_209_600, name


def test_every_dead_letter_queue_has_its_alarm() -> None:
    for path in (TOOLS, WORKLOAD):
        alarms = of_type("AWS::CloudWatch::Alarm", path)
        for name, queue in of_type("AWS::SQS::Queue", path).items():
            if "RedrivePolicy" not in properties(queue):
                assert any(mentions(properties(alarm)["Dimensions"], name) for alarm in alarms.values()), name


def test_every_rule_and_schedule_has_dead_letters() -> None:
    for name, resource in everything():
        if resource["Type"] == "AWS::Events::Rule":
            assert all("DeadLetterConfig" in target for target in properties(resource)["Targets"]), name
        if resource["Type"] == "AWS::Scheduler::Schedule":
            assert "DeadLetterConfig" in properties(resource)["Target"], name


def test_every_function_that_is_called_asynchronously_keeps_what_failed() -> None:
    functions = of_type("AWS::Serverless::Function")
    scheduled = {
        properties(schedule)["Target"]["Arn"]["Ref"].split(".")[0]
        for schedule in of_type("AWS::Scheduler::Schedule").values()
    }
    asynchronous = {name for name, f in functions.items() if "EventInvokeConfig" in properties(f)}
    triggered = {
        name
        for name, function in functions.items()
        if any(event["Type"] == "EventBridgeRule" for event in properties(function).get("Events", {}).values())
    }
    assert asynchronous == triggered | scheduled
    for name in asynchronous:
        assert "OnFailure" in properties(functions[name])["EventInvokeConfig"]["DestinationConfig"]


def test_the_queue_hides_a_message_six_times_as_long_as_its_function_may_run() -> None:
    function = properties(resources()["StartReleaseFunction"])
    assert properties(resources()["RegistryEventsQueue"])["VisibilityTimeout"] >= 6 * function["Timeout"]
    assert function["Events"]["RegistryEvents"]["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_alarm_has_its_runbook_and_every_runbook_its_alarm() -> None:
    named = set()
    for path in (TOOLS, WORKLOAD):
        for name, alarm in of_type("AWS::CloudWatch::Alarm", path).items():
            found = ALARM_RUNBOOK.search(properties(alarm)["AlarmDescription"])
            assert found, name
            named.add(found[1])
    for module in (ROOT / "layers/common/pressrun").glob("**/*.py"):  # alarms that a release makes
        named |= set(ALARM_RUNBOOK.findall(module.read_text()))
    assert named == {runbook.stem for runbook in (ROOT / "docs" / "runbooks").glob("*.md")}


def test_every_alarm_says_what_missing_data_means() -> None:
    for path in (TOOLS, WORKLOAD):
        for name, alarm in of_type("AWS::CloudWatch::Alarm", path).items():
            assert properties(alarm)["TreatMissingData"] in {"breaching", "notBreaching", "ignore"}, name


def test_state_is_kept_when_its_resource_leaves_the_stack() -> None:
    for name, resource in resources().items():
        if resource["Type"] in {"AWS::DynamoDB::Table", "AWS::S3::Bucket"}:
            assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain"), name


def test_tables_go_back_in_time_and_the_bucket_keeps_versions() -> None:
    for table in of_type("AWS::DynamoDB::Table").values():
        assert properties(table)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties(table)["BillingMode"] == "PAY_PER_REQUEST"
    bucket = properties(resources()["ArtifactsBucket"])
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_every_log_group_forgets() -> None:
    for name, group in of_type("AWS::Logs::LogGroup").items():
        assert mentions(properties(group)["RetentionInDays"], "LogRetentionDays"), name


def test_every_function_has_code_versions_that_follow_the_digest() -> None:
    for name, function in of_type("AWS::Serverless::Function").items():
        assert properties(function)["AutoPublishCodeSha256"] == {"Ref": "CodeSha256"}, name
    versions = [name for name, resource in translated().items() if resource["Type"] == "AWS::Lambda::Version"]
    assert len(versions) == len(of_type("AWS::Serverless::Function"))
    assert all(name.endswith("0" * 10) for name in versions)


def test_every_route_is_signed_and_may_call_its_function() -> None:
    routes, permissions = of_type("AWS::ApiGatewayV2::Route"), of_type("AWS::Lambda::Permission")
    assert len(routes) == len(permissions) == 4
    for name, route in routes.items():
        assert properties(route)["AuthorizationType"] == "AWS_IAM", name
        assert name.replace("Route", "Permission") in permissions


def test_the_outputs_users_rely_on_are_there() -> None:
    assert set(template()["Outputs"]) >= {
        "ReleasesTableName", "EndpointsTableName", "ArtifactsBucketName", "PromoteReleaseStateMachineArn",
        "RollBackStateMachineArn", "RunLoadTestStateMachineArn", "EventBusName", "ApprovalsUrl",
    }  # fmt: skip
