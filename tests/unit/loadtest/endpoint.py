"""A tiny runtime endpoint on loopback that answers as a test wants it to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Call:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Endpoint:
    """Where it listens, and whom it heard."""

    url: str = ""
    calls: list[Call] = field(default_factory=list)


Behaviour = Callable[[BaseHTTPRequestHandler, int], None]


def answer(
    status: int = 200, seconds: float = 0.0, error_type: str = "", headers: dict[str, str] | None = None
) -> Behaviour:
    """Answer with a status after some time."""

    def behave(handler: BaseHTTPRequestHandler, _: int) -> None:
        time.sleep(seconds)
        body = b'{"embedding": [0.1]}'
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        if error_type:
            handler.send_header("x-amzn-ErrorType", f"{error_type}:http://internal.amazon.com/coral/")
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hang_up(handler: BaseHTTPRequestHandler, _: int) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


def talk_nonsense(handler: BaseHTTPRequestHandler, _: int) -> None:
    """Answer with something that is not HTTP."""
    handler.wfile.write(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    handler.close_connection = True


def promise_more(handler: BaseHTTPRequestHandler, _: int) -> None:
    """Announce a longer body than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"short")
    handler.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: Any) -> None:
        """Stay silent: clients of these tests leave as they like."""


@contextmanager
def serving(behave: Behaviour) -> Iterator[Endpoint]:
    """Serve on a free port of loopback until the block ends."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            endpoint.calls.append(Call(self.path, dict(self.headers.items()), body))
            behave(self, len(endpoint.calls))

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = _Server(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
