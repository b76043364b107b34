"""DecideApproval: the one place that answers a request for approval."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.approvals import ApprovalDesk
from pressrun.http import HttpError, answer, body_of, path_parameter
from pressrun.observability import logger
from pressrun.release.approval import DecideApproval
from pressrun.release.identity import verified_caller


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Take the approver from the verified caller, compare the evidence's digest, answer the waiting execution."""
    try:
        caller = verified_caller(event)
        release_id = path_parameter(event, "release_id")
        decision = body_of(DecideApproval, event)
        outcome = ApprovalDesk.here().decide(release_id, decision, caller)
    except HttpError as error:
        logger.warning("approval refused", status=error.status, reason=str(error))
        return answer(error.status, {"message": str(error)})
    logger.info("approval decided", release_id=release_id, approver=caller.arn, outcome=outcome)
    return answer(200, {"release_id": release_id, "outcome": outcome, "approver": caller.arn})
