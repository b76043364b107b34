"""ShiftTraffic: send a share of an endpoint's requests to the canary."""

from aws_lambda_powertools.metrics import MetricUnit

from pressrun.aws.rollouts import RolloutNews, RolloutTable
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.clock import now
from pressrun.observability import logger, metrics
from pressrun.rollout.shifting import ShiftTraffic, TrafficShift, shift
from pressrun.rollout.traffic import opened
from pressrun.step import step


@step(ShiftTraffic)
def handler(command: ShiftTraffic) -> TrafficShift:
    """Ask for a share and count it."""
    book = RolloutTable.here()
    rollout = opened(book, command.release_id, command.stage)
    shifted = shift(command, rollout, SageMakerEndpoints.of(command.stage, command.release_id), book, now)
    if shifted.asked:
        RolloutNews.here().stepped(rollout, command.share, command.poll, command.reason)
        metrics.add_dimension(name="endpoint", value=command.endpoint_name)
        metrics.add_dimension(name="stage", value=command.stage)
        metrics.add_metric(name="CanaryWeight", unit=MetricUnit.Percent, value=100 * command.share)
        metrics.add_metadata(key="release_id", value=command.release_id)
    logger.info("traffic shifted", share=command.share, asked=shifted.asked, in_force=shifted.in_force)
    return shifted
