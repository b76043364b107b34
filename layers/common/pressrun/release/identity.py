"""Who really calls: the identity that API Gateway verified by the request's signature."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict

from pressrun.http import HttpError

_ROOT = re.compile(r"arn:aws[\w-]*:iam::\d{12}:root")
_ASSUMED = re.compile(r"arn:aws[\w-]*:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/([\w+=,.@-]+)")
_USER = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):user/([\w+=,.@/-]+)")


class Caller(BaseModel):
    """A verified person or role.

    Attributes:
        arn: as signed: a user, or a role's session.
        person: what two calls of one person have in common: the session's name and role, or the user.
    """

    model_config = ConfigDict(frozen=True)

    arn: str
    person: str


def verified_caller(event: dict[str, Any]) -> Caller:
    """Return the caller that API Gateway verified.

    Raises:
        HttpError: 403, there is no verified identity, or it is an account's root, which is nobody.
    """
    iam = ((event.get("requestContext") or {}).get("authorizer") or {}).get("iam") or {}
    arn = iam.get("userArn") or ""
    if not arn:
        raise HttpError(403, "the request carries no verified identity, expected a signature by a user or a role")
    if _ROOT.fullmatch(arn):
        raise HttpError(403, f"{arn} is an account's root, expected a person's user or role session")
    return Caller(arn=arn, person=person_of(arn))


def person_of(arn: str) -> str:
    """Return the part of an ARN that stays the same between two calls of one person."""
    if found := _ASSUMED.fullmatch(arn):
        return f"{found[1]}:role/{found[2]}/{found[3]}"
    if found := _USER.fullmatch(arn):
        return f"{found[1]}:user/{found[2]}"
    return arn
