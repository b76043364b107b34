"""AbortRelease: stop a release because an operator says so."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.executions import Executions
from pressrun.aws.tables import Releases
from pressrun.http import HttpError, answer, body_of, path_parameter
from pressrun.observability import logger
from pressrun.release.identity import verified_caller
from pressrun.release.operations import OperatorReason, open_record


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Stop the execution; the rule on aborted executions takes back what the release touched."""
    try:
        caller = verified_caller(event)
        release_id = path_parameter(event, "release_id")
        reason = body_of(OperatorReason, event).reason
        releases = Releases.here()
        record = open_record(releases.get(release_id, "release"), release_id)
    except HttpError as error:
        logger.warning("abort refused", status=error.status, reason=str(error))
        return answer(error.status, {"message": str(error)})
    releases.update(release_id, "release", aborted_by=caller.arn, abort_reason=reason)
    Executions.here().stop(record["execution_arn"], error="ReleaseAbortedError", cause=f"{caller.arn}: {reason}"[:1000])
    logger.info("release aborted", release_id=release_id, operator=caller.arn)
    return answer(202, {"release_id": release_id, "aborted_by": caller.arn})
