"""How the command line reaches an installation: AWS credentials and the outputs of its stack, nothing else."""

import os
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pressrun_cli.errors import CommandError

STACK = "pressrun"
APPROVALS_URL = "PRESSRUN_APPROVALS_URL"


class Connection:
    """An installation in the tools account, seen with one person's credentials."""

    def __init__(self, role: str | None = None, stack: str = STACK) -> None:
        self._role = role
        self._stack = stack

    @cached_property
    def session(self) -> boto3.Session:
        """The credentials of the environment, or of the role that was asked for."""
        base = boto3.Session()
        if not self._role:
            return base
        name = self._role.rsplit("/", 1)[-1]
        given = base.client("sts").assume_role(RoleArn=self._role, RoleSessionName=name)["Credentials"]
        return boto3.Session(
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        try:
            stacks = self.session.client("cloudformation").describe_stacks(StackName=self._stack)["Stacks"]
        except (ClientError, BotoCoreError) as error:
            raise CommandError(
                f"stack {self._stack!r} cannot be read: {error}. "
                "Expected credentials of the tools account (on this machine: `make up`, then `. .localaws/env`)"
            ) from error
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def output(self, name: str) -> str:
        """Return one output of the stack."""
        try:
            return self.outputs[name]
        except KeyError:
            raise CommandError(f"stack {self._stack!r} has no output {name!r}, expected a current deployment") from None

    @property
    def approvals_url(self) -> str:
        """The HTTP API that takes operators' decisions."""
        return os.environ.get(APPROVALS_URL) or self.output("ApprovalsUrl")

    @cached_property
    def account(self) -> str:
        """The account of the credentials."""
        return str(self.session.client("sts").get_caller_identity()["Account"])

    def client(self, service: Any) -> Any:
        """Return a client of the session."""
        return self.session.client(service)
