import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.overlay.resources import role, unique
from tests.localaws.process import LocalAws


def guarded_role(aws: LocalAws, pattern: str) -> str:
    """Make a role in dev that only the tools account's roles of a certain name may assume."""
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": pattern}}}]}  # fmt: skip
    name = unique("guarded")
    found = aws.client("iam", "dev").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    return str(found["Role"]["Arn"])


def test_a_trust_policy_sees_the_role_behind_a_session(localaws: LocalAws) -> None:
    own = role(localaws, [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}])
    session = localaws.client("sts", credentials=localaws.assume(own, "release-1"))
    assumed = session.assume_role(RoleArn=guarded_role(localaws, own), RoleSessionName="release-1")
    assert ":222222222222:assumed-role/guarded" in assumed["AssumedRoleUser"]["Arn"]


def test_a_trust_policy_refuses_another_role(localaws: LocalAws) -> None:
    own = role(localaws, [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}])
    session = localaws.client("sts", credentials=localaws.assume(own, "release-1"))
    with pytest.raises(ClientError, match="AccessDenied"):
        session.assume_role(RoleArn=guarded_role(localaws, f"{own}-other"), RoleSessionName="release-1")


def test_a_session_may_not_assume_a_role_its_own_role_may_not(localaws: LocalAws) -> None:
    own = role(localaws, [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])
    session = localaws.client("sts", credentials=localaws.assume(own, "release-1"))
    with pytest.raises(ClientError, match="AccessDenied"):
        session.assume_role(RoleArn=guarded_role(localaws, own), RoleSessionName="release-1")


HERE = "us-east-1:111111111111"
ALARMS, PROJECTS = f"cloudwatch:{HERE}:alarm:mine-*", f"codebuild:{HERE}:project/mine-*"
SCOPED: list[tuple[str, str, str, str, dict[str, Any]]] = [
    ("cloudwatch", "delete_alarms", "cloudwatch:DeleteAlarms", ALARMS, {"AlarmNames": ["X"]}),
    ("cloudwatch", "describe_alarms", "cloudwatch:DescribeAlarms", ALARMS, {"AlarmNames": ["X"]}),
    ("codebuild", "batch_get_builds", "codebuild:BatchGetBuilds", PROJECTS, {"ids": ["X:1"]}),
    ("codebuild", "batch_get_projects", "codebuild:BatchGetProjects", PROJECTS, {"names": ["X"]}),
    ("events", "put_rule", "events:PutRule", f"events:{HERE}:rule/mine-*",
     {"Name": "X", "EventPattern": '{"source": ["x"]}'}),
    ("logs", "create_log_stream", "logs:CreateLogStream", f"logs:{HERE}:log-group:mine-x:*",
     {"logGroupName": "mine-x", "logStreamName": "X"}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "call", "action", "resource", "request_"), SCOPED, ids=[row[1] for row in SCOPED])
def test_a_policy_may_name_its_resources(
    localaws: LocalAws, service: str, call: str, action: str, resource: str, request_: dict[str, Any]
) -> None:
    if service == "logs" and not localaws.client("logs").describe_log_groups(logGroupNamePrefix="mine-x")["logGroups"]:
        localaws.client("logs").create_log_group(logGroupName="mine-x")
    scoped = role(localaws, [{"Effect": "Allow", "Action": action, "Resource": f"arn:aws:{resource}"}])
    client = localaws.client(service, credentials=localaws.assume(scoped, "session"))

    def named(name: str) -> dict[str, Any]:
        return json.loads(json.dumps(request_).replace('"X', f'"{name}'))  # type: ignore[no-any-return]

    getattr(client, call)(**named(unique("mine")))
    if service != "logs":
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(client, call)(**named(unique("other")))
