"""Whether CodeBuild may act as a role."""

import json
from typing import Any
from urllib.parse import unquote

from ministack.services import iam

from localaws.overlay.identity import AccessDeniedError

SERVICE = "codebuild.amazonaws.com"


def check_trust(role_arn: str) -> None:
    """Raise AccessDeniedError unless the role's trust policy names CodeBuild; its conditions are not looked at."""
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    role = iam._roles.get_scoped(account, None, name)
    document: Any = role["AssumeRolePolicyDocument"] if role else {}
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    if not any(_allows(statement) for statement in _listed(policy.get("Statement"))):
        raise AccessDeniedError(f"CodeBuild is not authorized to perform: sts:AssumeRole on {role_arn}")


def _allows(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else []
    return (
        statement.get("Effect") == "Allow"
        and SERVICE in services
        and "sts:AssumeRole" in _listed(statement.get("Action"))
    )


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found] if found else []
