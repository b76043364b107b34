"""Errors in the form and with the codes of AWS."""


class ServiceError(Exception):
    """An error answer: its code, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> ServiceError:
    """Build the error for a request that cannot be right."""
    return ServiceError("ValidationException", message)


def denied(message: str) -> ServiceError:
    """Build the error for a caller without permission."""
    return ServiceError("AccessDeniedException", message)


def not_emulated(what: str) -> ServiceError:
    """Build the error for a parameter that AWS takes and the twin does not."""
    return invalid(f"{what} is not emulated by the embedded AWS")


class LaunchError(Exception):
    """A variant could not be started; the message becomes the endpoint's FailureReason."""
