"""StartRelease: open the release that a registry event hints at."""

from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.pinning import AwsPinning
from pressrun.aws.registry import Registry
from pressrun.aws.release_book import ReleaseBook
from pressrun.observability import logger, metrics
from pressrun.release.opening import ModelPackageStateChange, Opened, open_release
from pressrun.validation import parse_json

_processor = BatchProcessor(event_type=EventType.SQS)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Answer message by message: what cannot be opened now comes again, and in the end goes to the dead letters."""
    return process_partial_response(event=event, record_handler=_open, processor=_processor, context=context)


def _open(record: SQSRecord) -> None:
    try:
        change = parse_json(ModelPackageStateChange, record.body)
        opened = _opened(change)
    except Exception:
        logger.exception("registry event refused", message_id=record.message_id)
        raise
    logger.info(
        "registry event handled",
        model_package_arn=change.detail.model_package_arn,
        release_id=opened.release_id,
        result=opened.result,
        reason=opened.reason,
    )
    metrics.add_metric(name=f"Releases{opened.result.title().replace('_', '')}", unit="Count", value=1)


def _opened(change: ModelPackageStateChange) -> Opened:
    if change.detail.model_package_group_name is None:
        return Opened(result="ignored", release_id=None, reason="the package belongs to no group")
    package = Registry.here().package(change.detail.model_package_arn)
    return open_release(package, AwsPinning.here(), ReleaseBook.here())
