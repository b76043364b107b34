"""One API call: who asks for what, and whether they may."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from localaws.twin.arns import account_of
from localaws.twin.errors import denied
from localaws.twin.state import Record

Tags = Mapping[str, str]


class Principal(NamedTuple):
    """The verified caller."""

    account: str
    arn: str
    principal_id: str


class Authority(Protocol):
    """What the twin asks of IAM; refusals are ServiceErrors."""

    def principal(self, headers: Mapping[str, str]) -> Principal:
        """Return who signed a request."""

    def authorize(self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, Any]) -> None:
        """Refuse a caller whose policies do not allow an action."""

    def policy_allows(self, headers: Mapping[str, str], policy: str, action: str, resource: str) -> bool:
        """Tell whether a resource's own policy allows the caller an action."""

    def trusts_sagemaker(self, role_arn: str) -> bool:
        """Tell whether a role exists and SageMaker may assume it."""


@dataclass
class Call:
    """A validated request and its caller."""

    operation: str
    params: dict[str, Any]
    headers: Mapping[str, str]
    principal: Principal
    authority: Authority
    service: str = "sagemaker"
    checked: bool = field(default=False, init=False)

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.principal.account

    @property
    def user_context(self) -> Record:
        """Who did it, as DescribeModelPackage shows it."""
        return {"IamIdentity": {"Arn": self.principal.arn, "PrincipalId": self.principal.principal_id}}

    def authorize(
        self,
        resource: str,
        *,
        action: str | None = None,
        tags: Tags | None = None,
        new_tags: Tags | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> None:
        """Refuse the call unless IAM allows it.

        Args:
            resource: ARN, or "*" for operations that IAM cannot narrow.
            action: other than the operation's own.
            tags: what the resource carries.
            new_tags: what the request would put on it.
            context: further condition keys.
        """
        present = tags or {}
        keys = {
            **_tag_keys("aws:ResourceTag", present),
            **_tag_keys(f"{self.service}:ResourceTag", present),
            **(context or {}),
        }
        keys |= request_tags(new_tags or {})
        self.authority.authorize(self.headers, action or f"{self.service}:{self.operation}", resource, keys)
        if new_tags and action is None and self.operation != "AddTags":
            self.authority.authorize(self.headers, "sagemaker:AddTags", resource, keys)
        self.checked = True

    def authorize_foreign(self, resource: str, policy: str | None, tags: Tags | None = None) -> None:
        """Check a call on a resource that may be another account's, which then has to share it."""
        self.authorize(resource, tags=tags)
        action = f"{self.service}:{self.operation}"
        if account_of(resource) == self.account:
            return
        if not policy or not self.authority.policy_allows(self.headers, policy, action, resource):
            raise denied(
                f"User: {self.principal.arn} is not authorized to perform: {action} on resource: {resource} "
                "because no resource-based policy allows the action"
            )

    def authorize_role(self, role_arn: str) -> None:
        """Refuse a role the caller may not pass to SageMaker, or one of another account."""
        if account_of(role_arn) != self.account:
            raise denied(f"Cross-account pass role is not allowed: {role_arn} is not a role of account {self.account}.")
        self.authorize(role_arn, action="iam:PassRole", context={"iam:PassedToService": "sagemaker.amazonaws.com"})


def tag_map(tags: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """Turn SageMaker's list of tags into a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags or []}


def request_tags(tags: Tags) -> dict[str, Any]:
    """Return the condition keys of tags that a request would set."""
    return {**_tag_keys("aws:RequestTag", tags), "aws:TagKeys": list(tags)} if tags else {}


def _tag_keys(prefix: str, tags: Tags) -> dict[str, str]:
    """Spell tags as condition keys."""
    return {f"{prefix}/{key}": value for key, value in tags.items()}
