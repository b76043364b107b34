"""Load samples: requests like the users', one JSON object a line."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from pressrun.errors import InvalidInputError
from pressrun.service.bodies import request_body
from pressrun.validation import parse_json


class Sample(BaseModel):
    """One request of a load test."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    content_type: str = "application/json"
    request: Any

    def body(self) -> bytes:
        """Return the request as it is sent.

        Raises:
            InvalidInputError: it cannot be sent under this content type.
        """
        try:
            return request_body(self.content_type, self.request)
        except ValueError as error:
            raise InvalidInputError(str(error)) from None


def parse_samples(text: str) -> list[Sample]:
    """Read load samples.

    Raises:
        InvalidInputError: a line does not fit, or there is none.
    """
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            sample = parse_json(Sample, line)
            sample.body()
            found.append(sample)
        except InvalidInputError as error:
            raise InvalidInputError(f"load samples, line {number}: {error}") from None
    if not found:
        raise InvalidInputError("load samples hold no request, expected at least one JSON object a line")
    return found
