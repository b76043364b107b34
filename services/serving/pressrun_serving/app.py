"""The HTTP side: routes, limits, and errors as JSON that says what was wrong."""

import logging
import time

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pressrun_serving.errors import OverloadedError, RequestError, RequestTooLargeError
from pressrun_serving.metrics import ServingMetrics
from pressrun_serving.model import JSON, ModelError, ServedModel
from pressrun_serving.settings import Settings
from pressrun_serving.workers import Workers

logger = logging.getLogger("pressrun_serving")


class Server:
    """One model behind SageMaker's routes; ``model`` is set once it is loaded."""

    def __init__(self, settings: Settings) -> None:
        self.model: ServedModel | None = None
        self._max_body_bytes = settings.max_body_bytes
        self._workers = Workers(settings.workers, settings.queue)
        self._metrics = ServingMetrics()

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(
            routes=[
                Route("/ping", self.ping),
                Route("/invocations", self.invocations, methods=["POST"]),
                Route("/metrics", self.metrics),
            ],
            exception_handlers={HTTPException: _unknown_route},
        )

    async def ping(self, _request: Request) -> Response:
        """Say whether the model is loaded; never waits for a worker."""
        return JSONResponse({"ready": self.model is not None}, status_code=200 if self.model else 503)

    async def metrics(self, _request: Request) -> Response:
        """Show the metrics."""
        return PlainTextResponse(self._metrics.text(ready=self.model is not None, admitted=self._workers.admitted))

    async def invocations(self, request: Request) -> Response:
        """Answer one request and count it."""
        began = time.perf_counter()
        response = await self._answer(request)
        self._metrics.count(response.status_code, time.perf_counter() - began)
        return response

    async def _answer(self, request: Request) -> Response:
        try:
            if self.model is None:
                raise OverloadedError("the model is still loading")
            body = await self._body(request)
            content_type = request.headers.get("content-type", JSON).split(";")[0].strip().lower()
            accept = request.headers.get("accept", JSON)
            answer = await self._workers.run(self.model.invoke, body, content_type, accept)
            return Response(answer.body, media_type=answer.content_type)
        except RequestError as error:
            return _error(error.status, type(error).__name__, str(error))
        except ModelError as error:
            logger.error("invocation failed", exc_info=error.__cause__)
            return _error(500, error.name, str(error))
        except ClientDisconnect:
            return _error(400, "ClientDisconnect", "the client went away before its body was complete")

    async def _body(self, request: Request) -> bytes:
        """Read the body, no more of it than allowed."""
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._max_body_bytes:
                raise RequestTooLargeError(f"the body has more than {self._max_body_bytes} bytes")
        return bytes(body)


def _error(status: int, name: str, message: str) -> Response:
    return JSONResponse({"error": name, "message": message}, status_code=status)


async def _unknown_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _error(status, "NotFound" if status == 404 else "MethodNotAllowed", f"{request.method} {request.url.path}")
