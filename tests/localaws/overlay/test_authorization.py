import json

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
