"""Who may invoke what: asked of the control plane once per access key and endpoint, remembered for some seconds."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from localaws.twin.dataplane.replies import InvokeError, unavailable
from localaws.twin.dataplane.server import Permit

REMEMBERED_SECONDS = 5.0
ASK_SECONDS = 10.0
_KEY = re.compile(r"Credential=([^/,\s]+)/")
Ask = Callable[[dict[str, Any], float], Awaitable[Any]]


class PermitCache:
    """Remembers the control plane's decisions."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str, str], tuple[float, Permit]] = {}

    async def permit(self, headers: Mapping[str, str], endpoint: str) -> Permit:
        """Decide about one request."""
        found = _KEY.search(headers.get("Authorization", ""))
        if not found:
            return Permit("", InvokeError(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))
        key = (found.group(1), headers.get("X-Amz-Security-Token", ""), endpoint)
        until, permit = self._known.get(key, (0.0, Permit("")))
        if time.monotonic() < until:
            return permit
        return await self._decide(key, headers)

    async def _decide(self, key: tuple[str, str, str], headers: Mapping[str, str]) -> Permit:
        """Ask the control plane, and remember its answer."""
        sent = {name.lower(): headers[name] for name in ("Authorization", "X-Amz-Security-Token") if name in headers}
        try:
            answer = await self._ask({"do": "permit", "headers": sent, "endpoint": key[2]}, ASK_SECONDS)
        except TimeoutError:
            return Permit("", unavailable())
        refusal = answer.get("refusal")
        permit = Permit(answer["account"], InvokeError(*refusal) if refusal else None)
        now = time.monotonic()
        self._known = {known: entry for known, entry in self._known.items() if entry[0] > now}
        self._known[key] = (now + REMEMBERED_SECONDS, permit)
        return permit
