"""IAM as the twin sees it: ministack's policies, roles and sessions."""

from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator, router
from ministack.services import iam, sts

from localaws.overlay import identity
from localaws.settings import REGION
from localaws.twin.call import Principal
from localaws.twin.errors import LaunchError, ServiceError, denied

PULL = ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


class Iam:
    """The real authority behind the twin's calls."""

    def principal(self, headers: Mapping[str, str]) -> Principal:
        """Return who signed a request; a session's token has to be the one it was given."""
        key = str(router.extract_access_key_id(dict(headers)))
        session = sts._sessions.get(key)
        if session and headers.get("x-amz-security-token") != session["SessionToken"]:
            raise _bad_credentials("The security token included in the request is invalid.")
        try:
            caller = identity.caller_of(headers)
        except identity.InvalidCredentialsError as error:
            raise _bad_credentials(str(error)) from error
        return Principal(caller.account, caller.arn, session["UserId"] if session else caller.account)

    def authorize(self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, Any]) -> None:
        """Refuse a caller whose policies do not allow an action."""
        try:
            identity.authorize(headers, action, resource, context)
        except identity.AccessDeniedError as error:
            raise denied(str(error)) from error
        except identity.InvalidCredentialsError as error:
            raise _bad_credentials(str(error)) from error

    def policy_allows(self, headers: Mapping[str, str], policy: str, action: str, resource: str) -> bool:
        """Tell whether a resource's own policy allows the caller an action."""
        return _policy_allows(policy, identity.caller_of(headers).arn, action, resource)

    def trusts_sagemaker(self, role_arn: str) -> bool:
        """Tell whether a role exists and SageMaker may assume it."""
        role = iam._roles.get_scoped(role_arn.split(":")[4], None, role_arn.rsplit("/", 1)[-1])
        if role is None:
            return False
        return bool(
            iam_evaluator.evaluate_resource_policy(
                role["AssumeRolePolicyDocument"],
                _request("sagemaker.amazonaws.com", "sts:AssumeRole", "*"),
                service="sagemaker.amazonaws.com",
            ).decision
            == "Allow"
        )


def role_session(role_arn: str, name: str) -> dict[str, str]:
    """Return credentials that act as a role, as SageMaker does after it assumed it."""
    try:
        return identity.session_for_role(role_arn, name)
    except identity.AccessDeniedError as error:
        raise LaunchError(f"Could not assume role {role_arn}: {error}") from error


def role_may_pull(role_arn: str, repository_arn: str, policy: str | None) -> bool:
    """Tell whether a role may pull images: its own policies, and across accounts the repository's too."""
    session = role_session(role_arn, "SageMaker")
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={session['AccessKeyId']}/20260101/{REGION}/ecr/aws4_request"
    }
    caller = identity.caller_of(headers)
    foreign = repository_arn.split(":")[4] != caller.account
    for action in PULL:
        try:
            identity.authorize(headers, action, repository_arn)
        except identity.AccessDeniedError:
            return False
        if foreign and not (policy and _policy_allows(policy, caller.arn, action, repository_arn)):
            return False
    return True


def _policy_allows(policy: str, principal_arn: str, action: str, resource: str) -> bool:
    """Evaluate a resource-based policy for a principal."""
    return bool(
        iam_evaluator.evaluate_resource_policy(policy, _request(principal_arn, action, resource)).decision == "Allow"
    )


def _request(principal_arn: str, action: str, resource: str) -> iam_evaluator.EvalContext:
    """Describe a request to ministack's evaluator."""
    return iam_evaluator.EvalContext(
        principal_arn=principal_arn,
        principal_type="AssumedRole" if ":assumed-role/" in principal_arn else "User",
        principal_account=principal_arn.split(":")[4] if principal_arn.startswith("arn:") else "",
        action=action,
        resource_arn=resource,
        region=REGION,
    )


def _bad_credentials(message: str) -> ServiceError:
    """Build the error for credentials that do not hold."""
    return ServiceError("UnrecognizedClientException", message, status=403)
