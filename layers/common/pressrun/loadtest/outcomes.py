"""How a call of an endpoint ended."""

from typing import Literal, get_args

Outcome = Literal["ok", "model_error", "throttled", "refused", "time_out", "connection"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_THROTTLED = {"ThrottlingException", "Throttling", "TooManyRequestsException", "ServiceQuotaExceededException"}
_TOO_MANY = 429
_MODEL_ERROR = 424


def outcome_of(status: int, error_type: str) -> Outcome:
    """Tell a model's failure from the service's limits and from a request that could never be served.

    Args:
        status: the HTTP status.
        error_type: AWS's name of the error, from the header x-amzn-ErrorType; may be empty.
    """
    if 200 <= status < 300:
        return "ok"
    if error_type in _THROTTLED:
        return "throttled"
    if status == _MODEL_ERROR or status >= 500 or error_type == "ModelNotReadyException":
        return "model_error"
    return "throttled" if status == _TOO_MANY else "refused"


def error_name(status: int, error_type: str) -> str:
    """Name an answer that is not 2xx, for people."""
    return f"HTTP {status} {error_type}".rstrip()
