"""The people of the local organisation: roles that operators assume, so that two-person rules mean something."""

import json
from typing import Any

from botocore.exceptions import ClientError

from localaws.settings import ACCOUNTS

PEOPLE = ("alice", "bob")

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "TheAccountsPeople",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNTS['tools']}:root"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def settle(iam: Any, policy_arns: list[str]) -> None:
    """Make a role for each person, with the policies the control plane offers to people."""
    for person in PEOPLE:
        try:
            iam.create_role(RoleName=person, AssumeRolePolicyDocument=json.dumps(_TRUST))
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityAlreadyExists":
                raise
        for arn in policy_arns:
            iam.attach_role_policy(RoleName=person, PolicyArn=arn)
