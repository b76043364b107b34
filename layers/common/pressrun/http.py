"""Answers of the HTTP API's functions."""

import base64
import binascii
import json
from typing import Any, TypeVar

from pydantic import BaseModel

from pressrun.errors import InvalidInputError
from pressrun.validation import parse

Body = TypeVar("Body", bound=BaseModel)


class HttpError(Exception):
    """Ends a request with a status and a message for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """Return a payload-2.0 answer with a JSON body."""
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def body_of(model: type[Body], event: dict[str, Any]) -> Body:
    """Read a request's JSON body.

    Raises:
        HttpError: 400, the body is not JSON or does not fit.
    """
    text = event.get("body") or "{}"
    try:
        if event.get("isBase64Encoded"):
            text = base64.b64decode(text, validate=True).decode()
        return parse(model, json.loads(text))
    except (binascii.Error, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise HttpError(400, f"body is not JSON: {error}") from None
    except InvalidInputError as error:
        raise HttpError(400, str(error)) from None


def path_parameter(event: dict[str, Any], name: str) -> str:
    """Return a parameter of the request's path.

    Raises:
        HttpError: 400, the route gave none.
    """
    value = (event.get("pathParameters") or {}).get(name, "")
    if not isinstance(value, str) or not value:
        raise HttpError(400, f"path parameter {name!r} is missing")
    return value
