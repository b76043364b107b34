"""What every function of a state machine shares: a model in, a model out."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ValidationError

from pressrun.errors import InvalidInputError
from pressrun.observability import logger, metrics

Input = TypeVar("Input", bound=BaseModel)
Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def step(model: type[Input]) -> Callable[[Callable[[Input], BaseModel]], Handler]:
    """Turn a function from model to model into a Lambda handler.

    The model's ``log_keys`` (a set of field names) stand on every log line of the call.
    """

    def decorate(run: Callable[[Input], BaseModel]) -> Handler:
        @logger.inject_lambda_context(clear_state=True)
        @metrics.log_metrics
        @wraps(run)
        def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
            payload = parse(model, event)
            logger.append_keys(**payload.model_dump(include=getattr(model, "log_keys", set())))
            return run(payload).model_dump(mode="json")

        return handler

    return decorate


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
