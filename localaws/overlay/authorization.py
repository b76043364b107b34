"""IAM decisions that ministack takes in place of a service, or with the wrong keys."""

from typing import Any

from ministack.core import iam_actions, iam_evaluator

from localaws.overlay.identity import role_of

# Services whose handlers decide by themselves, on the resources they know; ministack checks the signature alone.
SELF_DECIDING = {"sagemaker", "application-autoscaling"}

_action = iam_actions.extract_iam_action
_condition_key = iam_evaluator._resolve_condition_key


def install() -> None:
    """Replace what ministack's dispatcher asks about each request."""
    iam_actions.extract_iam_action = extract_action
    iam_evaluator._resolve_condition_key = resolve_condition_key


def extract_action(service: str, *request: Any) -> Any:
    """Return the action of a request; none for services that decide by themselves."""
    return None if service in SELF_DECIDING else _action(service, *request)


def resolve_condition_key(key: str, context: Any) -> Any:
    """Return a condition key's value; aws:PrincipalArn of a role's session is the role.

    Calls come over loopback without TLS, which SDKs never do on AWS: here every call counts as sent over TLS.
    """
    if key.lower() == "aws:principalarn":
        arn = _caller_of(context.principal_arn)
        return role_of(arn) or arn
    if key.lower() == "aws:securetransport":
        return "true"
    return _condition_key(key, context)


def _caller_of(principal_arn: str) -> str:
    """Return who really calls where ministack asks for the account only, as for another account's bucket."""
    caller = iam_evaluator.caller_arn()
    account = principal_arn.split(":")[4] if principal_arn.count(":") >= 5 else ""
    return caller if principal_arn.endswith(":root") and f":{account}:" in caller else principal_arn
