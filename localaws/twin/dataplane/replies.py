"""Answers of InvokeEndpoint, and its errors in AWS's form and words."""

import json
from typing import Any

from aiohttp import web

from localaws.settings import REGION

MAX_BODY = 6_291_456
MAX_MESSAGE = 4096


class InvokeError(Exception):
    """An error answer of InvokeEndpoint."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.members = {"Message": message, **more}

    def response(self) -> web.Response:
        """Encode the error as rest-json."""
        return web.Response(
            status=self.status,
            body=json.dumps(self.members).encode(),
            content_type="application/json",
            headers={"x-amzn-ErrorType": self.code},
        )


def invalid(message: str) -> InvokeError:
    """Build the error for a request that cannot be right."""
    return InvokeError(400, "ValidationError", message)


def no_such_endpoint(account: str, endpoint: str) -> InvokeError:
    """Build the error for an endpoint that is missing or not in service."""
    return invalid(f"Endpoint {endpoint} of account {account} not found.")


def too_large() -> InvokeError:
    """Build the error for a body over the limit."""
    return InvokeError(413, "413", f"HTTP content length exceeded {MAX_BODY} bytes.")


def unavailable() -> InvokeError:
    """Build the error for a data plane that cannot tell who calls."""
    return InvokeError(503, "ServiceUnavailable", "The service is currently unavailable.")


def model_error(account: str, endpoint: str, status: int, text: str) -> InvokeError:
    """Build the error for a container that failed; status 0 is no answer in time."""
    kind = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    console = f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#logEventViewer:group={group}"
    shown = text[:MAX_MESSAGE]
    return InvokeError(
        424,
        "ModelError",
        f'Received {kind} error ({status}) from primary with message "{shown}". '
        f"See {console} in account {account} for more information.",
        OriginalStatusCode=status,
        OriginalMessage=shown,
        LogStreamArn=f"arn:aws:logs:{REGION}:{account}:log-group:{group}",
    )
