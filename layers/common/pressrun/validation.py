"""Inputs from outside, checked against their model."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pressrun.errors import InvalidInputError

Input = TypeVar("Input", bound=BaseModel)


def parse(model: type[Input], event: Any) -> Input:
    """Validate a payload; the error names fields and what was expected, never values.

    Raises:
        InvalidInputError: the payload does not fit its model.
    """
    try:
        return model.model_validate(event)
    except ValidationError as error:
        raise InvalidInputError(f"{model.__name__}: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """Say which fields do not fit, without the values, which may be secret."""
    return "; ".join(
        f"{'.'.join(str(part) for part in found['loc']) or 'payload'}: {found['msg']}"
        for found in error.errors(include_input=False, include_url=False, include_context=False)
    )


def parse_json(model: type[Input], text: str) -> Input:
    """Validate a JSON text.

    Raises:
        InvalidInputError: it is not JSON, or does not fit its model.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise InvalidInputError(f"{model.__name__}: {explain(error)}") from None
