"""Who calls, what they may do, and sessions that act as a role."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from ministack.core import iam_evaluator, responses, router
from ministack.core.iam_actions import identity_denial_message
from ministack.services import iam, sts

from localaws.settings import REGION

SESSION_SECONDS = 3600


class Caller(NamedTuple):
    """The principal behind one request; `role_arn` is None unless it is a role's session."""

    account: str
    arn: str
    role_arn: str | None
    is_root: bool


class AccessDeniedError(Exception):
    """The caller's policies do not allow what it asked for; the message is AWS's."""


class InvalidCredentialsError(Exception):
    """The access key is unknown, inactive or expired."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Resolve the principal that signed a request."""
    principal = _principal(_access_key(headers))
    return Caller(principal.account, principal.arn, role_of(principal.arn), principal.policies is None)


def authorize(
    headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, str] | None = None
) -> Caller:
    """Return the caller if its policies allow the action on the resource, else raise AccessDeniedError.

    `context` holds the request's condition keys, such as `aws:ResourceTag/pressrun:service`.
    """
    principal = _principal(_access_key(headers))
    if principal.policies is not None:
        decide(principal, action, resource, context)
    return Caller(principal.account, principal.arn, role_of(principal.arn), principal.policies is None)


def session_for_role(role_arn: str, session_name: str) -> dict[str, str]:
    """Return credentials that act as a role, without asking its trust policy."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(account, None, name)
    if role is None:
        raise AccessDeniedError(f"The role {role_arn} does not exist, or the service may not assume it.")
    session = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
        "UserId": f"{role['RoleId']}:{session_name}",
        "SecretAccessKey": iam._gen_secret(),
        "SessionToken": iam._gen_session_token(),
        "Expiration": time.time() + SESSION_SECONDS,
        "AccountId": account,
        "PrincipalType": "AssumedRole",
    }
    access_key = str(iam._gen_session_access_key())
    sts.register_session(access_key, session)
    return {
        "AccessKeyId": access_key,
        "SecretAccessKey": session["SecretAccessKey"],
        "SessionToken": session["SessionToken"],
    }


def role_of(principal_arn: str) -> str | None:
    """Return the IAM role behind an assumed-role session's ARN, with the role's path."""
    if ":assumed-role/" not in principal_arn:
        return None
    account, name = principal_arn.split(":")[4], principal_arn.split("/")[1]
    role = iam._roles.get_scoped(account, None, name)
    return str(role["Arn"]) if role else f"arn:aws:iam::{account}:role/{name}"


def decide(
    principal: iam_evaluator.PrincipalInfo, action: str, resource: str, context: Mapping[str, str] | None = None
) -> None:
    """Raise AccessDeniedError unless the principal's own policies allow the action."""
    request = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context={key.lower(): value for key, value in (context or {}).items()},
        principal_keys=principal.keys,
    )
    verdict = iam_evaluator.evaluate(request, principal.policies or [], *principal.limits)
    if verdict.decision != "Allow":
        explicit = verdict.decision == "Deny"
        raise AccessDeniedError(identity_denial_message(action, principal.arn, resource, explicit))


def _access_key(headers: Mapping[str, str]) -> str:
    """Read the access key out of a request's headers, whatever their case."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return str(router.extract_access_key_id(lowered))


def _principal(access_key: str) -> iam_evaluator.PrincipalInfo:
    """Resolve an access key in the account it belongs to."""
    account = access_key if iam_evaluator._ACCOUNT_ID_RE.fullmatch(access_key) else None
    account = account or iam_evaluator.find_iam_access_key_account(access_key) or responses.get_account_id()
    found = iam_evaluator.resolve_principal(access_key, account)
    if isinstance(found, iam_evaluator.AuthError):
        raise InvalidCredentialsError(found.code, found.message)
    return found
