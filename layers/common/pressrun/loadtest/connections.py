"""HTTP connections to one address, kept open and shared; under gevent each call waits without holding others up."""

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, RemoteDisconnected
from typing import NamedTuple
from urllib.parse import urlsplit

_ERROR_TYPE = "x-amzn-ErrorType"


class Reply(NamedTuple):
    """An answer: its status, and AWS's name of the error where there is one."""

    status: int
    error_type: str


class Connections:
    """Keeps what is idle, opens what is missing."""

    def __init__(self, url: str, ca_file: str | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._path = parts.netloc, parts.path or "/"
        self._tls = ssl.create_default_context(cafile=ca_file) if parts.scheme == "https" else None
        self._idle: list[HTTPConnection] = []

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send one request and read its answer.

        A kept connection may have been closed at the other end while it was idle: one that breaks before the first
        byte of an answer is replaced once by a new one, as every SDK does. A new one that breaks is an error.

        Raises:
            OSError, HTTPException: there was no answer.
        """
        while self._idle:
            kept = self._idle.pop()
            try:
                return self._exchange(kept, body, headers)
            except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                break
        return self._exchange(self._opened(), body, headers)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _opened(self) -> HTTPConnection:
        return HTTPSConnection(self._host, context=self._tls) if self._tls else HTTPConnection(self._host)

    def _exchange(self, connection: HTTPConnection, body: bytes, headers: Mapping[str, str]) -> Reply:
        finished = False
        try:
            connection.request("POST", self._path, body=body, headers=dict(headers))
            reply, finished = _read(connection.getresponse())
            return reply
        finally:
            if finished:
                self._idle.append(connection)
            else:
                connection.close()


def _read(response: HTTPResponse) -> tuple[Reply, bool]:
    """Read an answer to its end, and tell whether its connection can be used again."""
    response.read()
    error_type = (response.headers.get(_ERROR_TYPE) or "").partition(":")[0]
    return Reply(response.status, error_type), not response.will_close


FAILURES = (OSError, HTTPException)
