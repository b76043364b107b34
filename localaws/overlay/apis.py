"""HTTP APIs call only the functions whose policy lets them."""

import logging
from typing import Any

from ministack.core.arn import execute_api_arn
from ministack.core.responses import request_scope
from ministack.services import apigateway, lambda_svc

from localaws.overlay import grants

logger = logging.getLogger("localaws.apis")
_invoke = apigateway._invoke_lambda_proxy


def install() -> None:
    """Put a check before a function is called."""
    apigateway._invoke_lambda_proxy = invoke_lambda_proxy


async def invoke_lambda_proxy(
    integration: dict[str, Any], api_id: str, stage: str, path: str, method: str, *request: Any, **owner: Any
) -> Any:
    """Call a route's function; without the function's permission the caller gets the same 500 as on AWS."""
    account, region = owner["owner_account_id"], owner["owner_region"]
    arn = apigateway._extract_lambda_ref_from_integration_uri(integration.get("integrationUri", ""))
    with request_scope(account, region):
        found = lambda_svc.function_policy_for_arn(arn)
    source = execute_api_arn(region, account, api_id, stage, method, path)
    if found and not grants.service_may(found[0], "apigateway", "lambda:InvokeFunction", arn, source):
        logger.error("%s: the policy of %s does not let apigateway.amazonaws.com in from %s", api_id, arn, source)
        return 500, {"Content-Type": "application/json"}, b'{"message":"Internal Server Error"}'
    return await _invoke(integration, api_id, stage, path, method, *request, **owner)
