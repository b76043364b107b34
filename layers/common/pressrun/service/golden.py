"""The golden set: requests with the answers that a model must give."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from pressrun.errors import GoldenSetError
from pressrun.service.bodies import request_body
from pressrun.validation import explain


class Case(BaseModel):
    """One request and what must come back: an answer, or an HTTP status for a request that must be refused.

    Attributes:
        request: a JSON document; for another content type a text, or ``{"base64": ...}`` for bytes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=128)
    content_type: str = "application/json"
    request: Any
    expected: Any = None
    expected_status: Annotated[int, Field(ge=400, le=599)] | None = None

    @model_validator(mode="after")
    def _one_expectation(self) -> Self:
        if (self.expected is None) == (self.expected_status is None):
            raise ValueError("expected exactly one of expected and expected_status")
        return self

    def body(self) -> bytes:
        """Return the request as it is sent.

        Raises:
            GoldenSetError: it cannot be sent under this content type.
        """
        try:
            return request_body(self.content_type, self.request)
        except ValueError as error:
            raise GoldenSetError(f"case {self.id!r}: {error}") from None


_CASE = TypeAdapter(Case)


def parse_golden_set(text: str) -> list[Case]:
    """Read a golden set, one JSON object a line.

    Raises:
        GoldenSetError: a line does not fit, an id comes twice, or there is no case.
    """
    cases: dict[str, Case] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        case = _read(number, line)
        if case.id in cases:
            raise GoldenSetError(f"golden set, line {number}: id {case.id!r} stands there twice, expected it once")
        case.body()
        cases[case.id] = case
    if not cases:
        raise GoldenSetError("the golden set holds no case, expected at least one line of JSON")
    return list(cases.values())


def _read(number: int, line: str) -> Case:
    try:
        return _CASE.validate_json(line)
    except ValidationError as error:
        raise GoldenSetError(f"golden set, line {number}: {explain(error)}") from None
