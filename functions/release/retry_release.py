"""RetryRelease: open another attempt of a closed release's model package."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.pinning import AwsPinning
from pressrun.aws.registry import Registry
from pressrun.aws.release_book import ReleaseBook
from pressrun.aws.tables import Releases
from pressrun.http import HttpError, answer, body_of, path_parameter
from pressrun.observability import logger
from pressrun.release.identity import verified_caller
from pressrun.release.opening import open_release
from pressrun.release.operations import OperatorReason, closed_record


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Open the next attempt; what it is made of is pinned anew."""
    try:
        caller = verified_caller(event)
        release_id = path_parameter(event, "release_id")
        reason = body_of(OperatorReason, event).reason
        record = closed_record(Releases.here().get(release_id, "release"), release_id)
    except HttpError as error:
        logger.warning("retry refused", status=error.status, reason=str(error))
        return answer(error.status, {"message": str(error)})
    package = Registry.here().package(record["model_package_arn"])
    opened = open_release(package, AwsPinning.here(), ReleaseBook.here(), retry=True)
    logger.info("release retried", release_id=release_id, operator=caller.arn, reason=reason, opened=opened.release_id)
    status = 202 if opened.result == "started" else 409
    return answer(status, {"release_id": opened.release_id, "result": opened.result, "message": opened.reason})
