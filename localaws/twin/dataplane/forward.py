"""Takes a request to one of a variant's containers and brings the answer back."""

import time
from collections.abc import Mapping
from typing import NamedTuple

import aiohttp

from localaws.twin.dataplane.routing import Instance, Variant

TIMEOUT_SECONDS = 60
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)
# Below the idle timeouts of common model servers: a connection they are about to close is never used.
KEEP_ALIVE_SECONDS = 1.5


class Outcome(NamedTuple):
    """What a container made of a request; status 0 is no answer in time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


def client() -> aiohttp.ClientSession:
    """Return a pool of connections to containers; call it inside the event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_SECONDS),
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
        skip_auto_headers=["Accept", "Accept-Encoding", "User-Agent", "Content-Type"],
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def forward(session: aiohttp.ClientSession, variant: Variant, headers: Mapping[str, str], body: bytes) -> Outcome:
    """Ask the variant's instances until one takes the request; one that took it is not asked twice."""
    started = time.perf_counter()
    tried: set[str] = set()
    while instance := variant.choose(tried):
        tried.add(instance.id)
        try:
            status, answer, content = await _post(session, instance, headers, body)
        except aiohttp.ClientConnectorError:
            continue
        except TimeoutError:
            return _failed(0, TIMED_OUT, started)
        except aiohttp.ClientError:
            return _failed(503, "The container closed the connection before it answered.", started)
        return Outcome(status, answer, content, time.perf_counter() - started)
    return _failed(503, "No container of the variant takes requests.", started)


async def _post(
    session: aiohttp.ClientSession, instance: Instance, headers: Mapping[str, str], body: bytes
) -> tuple[int, Mapping[str, str], bytes]:
    """Send the request to an instance and read its whole answer."""
    instance.outstanding += 1
    try:
        url = f"http://127.0.0.1:{instance.port}/invocations"
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.read()
    finally:
        instance.outstanding -= 1


def _failed(status: int, message: str, started: float) -> Outcome:
    """Return the outcome of a request without a container's answer."""
    return Outcome(status, {}, message.encode(), time.perf_counter() - started)
