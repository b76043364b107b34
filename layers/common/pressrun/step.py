"""What every function of a state machine shares: a model in, a model out."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from pressrun.observability import logger, metrics
from pressrun.validation import parse

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
