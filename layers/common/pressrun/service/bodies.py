"""Requests as files hold them and as they are sent."""

import base64
import binascii
import json
from typing import Any


def request_body(content_type: str, request: Any) -> bytes:
    """Return a request as it is sent under its content type.

    Args:
        content_type: of the request.
        request: a JSON document; for another content type a text, or ``{"base64": ...}`` for bytes.

    Raises:
        ValueError: it cannot be sent under this content type.
    """
    if content_type.partition(";")[0].strip().endswith("json"):
        return json.dumps(request, ensure_ascii=False).encode()
    if isinstance(request, str):
        return request.encode()
    if isinstance(request, dict) and set(request) == {"base64"}:
        try:
            return base64.b64decode(request["base64"], validate=True)
        except (binascii.Error, TypeError) as error:
            raise ValueError(f"request.base64 is not base64: {error}") from None
    raise ValueError(
        f"request of content type {content_type!r} is a {type(request).__name__}, "
        f"expected a text or an object with the one key 'base64'"
    )
