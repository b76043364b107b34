"""Asynchronous invocations: retries and destinations are those of the alias or version that was called."""

from typing import Any

from ministack.services import lambda_svc

_invoke = lambda_svc.invoke_async_with_retry


def install() -> None:
    """Replace how a function's asynchronous settings are found."""
    lambda_svc.invoke_async_with_retry = invoke_async


def invoke_async(func: dict[str, Any], event: Any) -> None:
    """Invoke a function in the background, with the settings of the qualifier in its ARN."""
    arn = (func.get("config") or func).get("FunctionArn", "")
    _, _, _, region, account, _, name, *qualifier = arn.split(":")
    base = lambda_svc._functions.get_scoped(account, region, name) or func
    settings = lambda_svc._event_invoke_config(base, qualifier[0] if qualifier else None)
    _invoke({**func, "event_invoke_config": settings or {}, "event_invoke_configs": {}}, event)
