"""Signed calls of the installation's HTTP API."""

import json
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from pressrun_cli.connection import Connection
from pressrun_cli.errors import CommandError

_FIRST_ERROR = 400


def post(connection: Connection, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST a JSON body, signed with the caller's credentials; return the JSON answer."""
    session = connection.session
    credentials = session.get_credentials()
    if credentials is None:
        raise CommandError("no AWS credentials found, expected a user's or role session's of the tools account")
    request = AWSRequest(
        method="POST",
        url=connection.approvals_url.rstrip("/") + path,
        data=json.dumps(body),
        headers={"content-type": "application/json"},
    )
    SigV4Auth(credentials, "execute-api", session.region_name or "us-east-1").add_auth(request)
    answer = URLLib3Session(timeout=30).send(request.prepare())
    text = answer.content.decode(errors="replace")
    try:
        found = json.loads(text)
    except ValueError:
        found = {"message": text}
    if answer.status_code >= _FIRST_ERROR:
        told = found.get("message") or found.get("Message") or text
        raise CommandError(f"{path} was refused ({answer.status_code}): {told}")
    return dict(found)
