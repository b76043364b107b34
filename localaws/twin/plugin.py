"""The twin's place in ministack's process."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.core import router

from localaws.overlay.seams import verify
from localaws.settings import Settings
from localaws.twin.api import Api
from localaws.twin.seam_table import SEAMS
from localaws.twin.twin import Twin

_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
Handler = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[tuple[int, dict[str, str], bytes]]]
_running: list[Twin] = []


def install(settings: Settings) -> None:
    """Add SageMaker and Application Auto Scaling to ministack's services."""
    verify(SEAMS)
    twin = Twin(settings)
    _running.append(twin)
    twin.start()
    for service, api in twin.apis.items():
        app.SERVICE_HANDLERS[service] = _handler(api)
    _route(frozenset(twin.apis))


def shutdown() -> None:
    """Stop the twin and everything it started."""
    while _running:
        _running.pop().shut_down()


def _handler(api: Api) -> Handler:
    """Run an API's calls beside ministack's event loop."""

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> tuple[int, dict[str, str], bytes]:
        return await asyncio.to_thread(api.handle, headers, body)

    return handle


def _route(services: frozenset[str]) -> None:
    """Send requests that are signed for the twin's services to the twin."""
    original = router.detect_service

    def detect_service(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> str:
        """Look at the credential's scope first."""
        scope = _SCOPE.search(headers.get("authorization", ""))
        if scope and scope.group(1) in services:
            return scope.group(1)
        return str(original(method, path, headers, query))

    router.detect_service = detect_service
    app.detect_service = detect_service
