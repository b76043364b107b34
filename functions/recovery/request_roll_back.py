"""RequestRollBack: an operator takes a service back to a release that was proven before."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.recovery import RecoveryDesk
from pressrun.aws.ways_back import WaysBack
from pressrun.http import HttpError, answer, body_of, path_parameter
from pressrun.observability import logger
from pressrun.recovery.attempts import OPERATOR_ATTEMPTS
from pressrun.recovery.plan import RollBack
from pressrun.recovery.request import RequestRollBack, name_for, release_meant
from pressrun.release.identity import verified_caller


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Start the roll-back in the caller's name, or say why not."""
    try:
        return answer(202, _started(event))
    except HttpError as error:
        logger.warning("roll-back refused", status=error.status, reason=str(error))
        return answer(error.status, {"message": str(error)})


def _started(event: dict[str, Any]) -> dict[str, Any]:
    caller = verified_caller(event)
    service = path_parameter(event, "service")
    request = body_of(RequestRollBack, event)
    desk, ways = RecoveryDesk.here(), WaysBack.here()
    records = desk.records(service)
    release_id = release_meant(service, records, desk.open_release(service))
    attempt = ways.attempt(release_id, OPERATOR_ATTEMPTS)
    name = name_for(release_id, request, records, desk.release(release_id), attempt)
    asked = RollBack(
        release_id=release_id, service=service, to=request.to, reason=request.reason, requested_by=caller.arn
    )
    execution_arn = ways.start(name, asked)
    logger.info("roll-back requested", release_id=release_id, operator=caller.arn, to=request.to, execution=name)
    return {"execution_arn": execution_arn, "release_id": release_id, "requested_by": caller.arn}
