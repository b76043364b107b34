"""The HTTP side of InvokeEndpoint."""

import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import aiohttp
from aiohttp import web

from localaws.twin.dataplane import replies
from localaws.twin.dataplane.forward import Outcome, client, forward
from localaws.twin.dataplane.metrics import Invocation, Meter
from localaws.twin.dataplane.routing import Route, Table, Variant

_PREFIX = "X-Amzn-SageMaker-"
CUSTOM_ATTRIBUTES = f"{_PREFIX}Custom-Attributes"
INFERENCE_ID = f"{_PREFIX}Inference-Id"
TARGET_VARIANT = f"{_PREFIX}Target-Variant"
_NOT_EMULATED = (
    "Target-Model",
    "Target-Container-Hostname",
    "Inference-Component",
    "Session-Id",
    "Prefix-Aware-Id",
    "Enable-Explanations",
)
_BOUNDS = {
    "Content-Type": re.compile(r"[\x00-\x7f]{0,1024}"),
    "Accept": re.compile(r"[\x00-\x7f]{0,1024}"),
    CUSTOM_ATTRIBUTES: re.compile(r"[\x00-\x7f]{0,1024}"),
    INFERENCE_ID: re.compile(r"[!-~][ -~]{0,63}"),
    TARGET_VARIANT: re.compile(r"(?=.{1,63}$)[a-zA-Z0-9](-*[a-zA-Z0-9])*"),
}
_FORWARDED = ("Content-Type", "Accept", CUSTOM_ATTRIBUTES, INFERENCE_ID)


class Permit(NamedTuple):
    """Whose request it is, or why it is refused."""

    account: str
    refusal: replies.InvokeError | None = None


Permits = Callable[[Mapping[str, str], str], Awaitable[Permit]]


class Server:
    """Answers POST /endpoints/NAME/invocations."""

    def __init__(self, table: Table, meter: Meter, permits: Permits) -> None:
        self._table = table
        self._meter = meter
        self._permits = permits
        self._session: aiohttp.ClientSession | None = None

    def application(self) -> web.Application:
        """Build the application."""
        application = web.Application(client_max_size=replies.MAX_BODY)
        application.router.add_post("/endpoints/{name}/invocations", self._invoke)
        application.router.add_post("/endpoints/{name}/{operation}", self._not_emulated)
        application.on_startup.append(self._open)
        application.on_cleanup.append(self._close)
        return application

    async def _open(self, application: web.Application) -> None:
        """Open the pool of connections to containers."""
        self._session = client()

    async def _close(self, application: web.Application) -> None:
        """Close the pool."""
        if self._session:
            await self._session.close()

    async def _invoke(self, request: web.Request) -> web.Response:
        """Answer one invocation."""
        started = time.perf_counter()
        try:
            response = await self._answer(request, started)
        except replies.InvokeError as error:
            response = error.response()
        except web.HTTPRequestEntityTooLarge:
            response = replies.too_large().response()
        response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
        return response

    async def _not_emulated(self, request: web.Request) -> web.Response:
        """Refuse the asynchronous and the streaming operation."""
        operation = request.match_info["operation"]
        message = f"{operation!r} of an endpoint is not emulated by the embedded AWS"
        return replies.InvokeError(501, "UnsupportedOperationException", message).response()

    async def _answer(self, request: web.Request, started: float) -> web.Response:
        """Route, forward and measure one invocation."""
        name = request.match_info["name"]
        permit = await self._permits(request.headers, name)
        if permit.refusal:
            raise permit.refusal
        _check_headers(request.headers)
        if (request.content_length or 0) > replies.MAX_BODY:
            raise replies.too_large()
        body = await request.read()
        route = self._table.find(permit.account, name)
        if route is None:
            raise replies.no_such_endpoint(permit.account, name)
        variant = _variant(route, request.headers.get(TARGET_VARIANT))
        outcome = await forward(self._session_open(), variant, _forwarded(request.headers), body)
        self._measure(route, variant, outcome, time.perf_counter() - started)
        if not 200 <= outcome.status < 300:
            raise replies.model_error(permit.account, name, outcome.status, outcome.body.decode(errors="replace"))
        return _success(variant, outcome)

    def _session_open(self) -> aiohttp.ClientSession:
        """Return the pool of connections."""
        if self._session is None:
            raise replies.unavailable()
        return self._session

    def _measure(self, route: Route, variant: Variant, outcome: Outcome, seconds: float) -> None:
        """Count an invocation in its variant's metrics."""
        model = round(outcome.seconds * 1e6)
        what = Invocation(outcome.status or 500, model, max(round(seconds * 1e6) - model, 0), len(variant.instances))
        where = (route.account, route.endpoint, variant.name, route.config)
        self._meter.record(time.time(), route.frequency, *where, what)


def _check_headers(headers: Mapping[str, str]) -> None:
    """Refuse headers out of bounds, and those the twin does not emulate."""
    for name, bound in _BOUNDS.items():
        if name in headers and not bound.fullmatch(headers[name]):
            raise replies.invalid(f"The header {name} is out of bounds: expected {bound.pattern}")
    for suffix in _NOT_EMULATED:
        if _PREFIX + suffix in headers:
            raise replies.invalid(f"The header {_PREFIX}{suffix} is not emulated by the embedded AWS")


def _variant(route: Route, target: str | None) -> Variant:
    """Return the variant a request asks for, or one by weight."""
    variant = route.named(target) if target else route.choose()
    if variant is None:
        raise replies.invalid(f"Variant {target} not found for Request")
    return variant


def _forwarded(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep the headers that reach a container."""
    return {name: headers[name] for name in _FORWARDED if name in headers}


def _success(variant: Variant, outcome: Outcome) -> web.Response:
    """Build the answer out of a container's."""
    headers = {"x-Amzn-Invoked-Production-Variant": variant.name}
    for name in ("Content-Type", CUSTOM_ATTRIBUTES):
        if name in outcome.headers:
            headers[name] = outcome.headers[name]
    return web.Response(status=200, body=outcome.body, headers=headers)
