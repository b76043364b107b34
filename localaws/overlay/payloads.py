"""The size Step Functions allows for what passes between states."""

import json
from typing import Any

from ministack.services import stepfunctions as sfn

MOST_BYTES = 262_144


def check(payload: Any, what: str) -> None:
    """Fail the execution when a payload is larger than Step Functions carries."""
    size = len(json.dumps(payload, ensure_ascii=False).encode())
    if size > MOST_BYTES:
        raise sfn._ExecutionError(
            "States.DataLimitExceeded",
            f"{what} returned a result with a size exceeding the maximum number of bytes service limit: "
            f"{size} bytes, at most {MOST_BYTES}.",
        )
