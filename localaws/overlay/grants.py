"""What AWS services and foreign callers may do: resource policies, and the roles that rules and schedules name."""

from ministack.core import iam_evaluator
from ministack.services import iam

from localaws.overlay import identity
from localaws.settings import REGION


def service_may(policy: str | dict[str, object] | None, service: str, action: str, resource: str, source: str) -> bool:
    """Tell whether a resource's policy lets a service act on it for a source, such as a rule."""
    request = _request(f"{service}.amazonaws.com", "Service", action, resource, source)
    verdict = iam_evaluator.evaluate_resource_policy(policy, request, service=f"{service}.amazonaws.com")
    return bool(verdict.decision == "Allow")


def principal_may(policy: str | dict[str, object] | None, principal: str, action: str, resource: str) -> bool:
    """Tell whether a resource's policy lets a principal, perhaps of another account, act on it."""
    request = _request(principal, "AssumedRole" if ":assumed-role/" in principal else "Root", action, resource, "")
    return bool(iam_evaluator.evaluate_resource_policy(policy, request).decision == "Allow")


def role_may(role_arn: str, action: str, resource: str) -> str:
    """Return the session a service takes for a role that may act; raise AccessDeniedError if it may not."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    if iam._roles.get_scoped(account, None, name) is None:
        raise identity.AccessDeniedError(f"The role {role_arn} does not exist.")
    session = f"arn:aws:sts::{account}:assumed-role/{name}/service"
    policies = iam_evaluator._gather_role_policies(name, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    identity.decide(
        iam_evaluator.PrincipalInfo(session, "AssumedRole", account, policies, {}, limits), action, resource
    )
    return session


def _request(principal: str, kind: str, action: str, resource: str, source: str) -> iam_evaluator.EvalContext:
    """Return a request as policies see it."""
    keys = {"aws:sourcearn": source, "aws:sourceaccount": source.split(":")[4]} if source else {}
    return iam_evaluator.EvalContext(
        principal_arn=principal,
        principal_type=kind,
        principal_account=principal.split(":")[4] if principal.startswith("arn:") else "",
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context=keys,
    )
