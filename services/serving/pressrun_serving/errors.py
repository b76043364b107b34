"""Errors that a model's code may raise to say that the request is at fault; any other error is the model's own.

ServingError
+-- ModelLoadError          the archive cannot be served; the process ends
+-- RequestError            answered with its status and a JSON body that says what is wrong
    +-- InvalidRequestError         400
    +-- RequestTooLargeError        413
    +-- UnsupportedContentTypeError 415
    +-- UnacceptableAcceptError     406
    +-- OverloadedError             503
"""

from typing import ClassVar


class ServingError(Exception):
    """The root of the server's own errors."""


class ModelLoadError(ServingError):
    """The model directory holds nothing that this server can serve."""


class RequestError(ServingError):
    """A request that gets no answer from the model; ``status`` is the HTTP status it gets instead."""

    status: ClassVar[int] = 400


class InvalidRequestError(RequestError):
    """The body does not fit the model's request schema."""


class RequestTooLargeError(RequestError):
    """The body has more bytes than the server takes."""

    status = 413


class UnsupportedContentTypeError(RequestError):
    """The model reads no body of this content type."""

    status = 415


class UnacceptableAcceptError(RequestError):
    """The model writes no answer of a type that the client accepts."""

    status = 406


class OverloadedError(RequestError):
    """All workers are busy and the queue is full; the client may try again."""

    status = 503
