"""JudgeCanary: judge a rollout's next poll."""

from aws_lambda_powertools.metrics import MetricUnit

from pressrun.aws.cloudwatch import Metrics
from pressrun.aws.rollouts import RolloutNews, RolloutOperators, RolloutTable
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.tables import Releases
from pressrun.clock import now
from pressrun.observability import logger, metrics
from pressrun.rollout.judgement import Desk, Judgement
from pressrun.rollout.judging import JudgeCanary, judge_canary
from pressrun.step import step


@step(JudgeCanary)
def handler(command: JudgeCanary) -> Judgement:
    """Judge the poll if its numbers are there."""
    desk = Desk(
        RolloutTable.here(), Metrics.of(command.stage, command.release_id), RolloutOperators.here(), RolloutNews.here()
    )
    endpoint = SageMakerEndpoints.of(command.stage, command.release_id).describe(command.endpoint_name)
    found = judge_canary(command, endpoint, desk, now())
    if found.judged:
        metrics.add_dimension(name="endpoint", value=command.endpoint_name)
        metrics.add_dimension(name="stage", value=command.stage)
        metrics.add_metric(name="CanaryShare", unit=MetricUnit.Percent, value=100 * found.share_in_force)
        metrics.add_metadata(key="release_id", value=command.release_id)
        Releases.here().note(command.release_id, _phase(command, found))
    logger.info("poll judged" if found.judged else "poll awaited", verdict=found.verdict, share=found.share)
    return found


def _phase(command: JudgeCanary, found: Judgement) -> str:
    asked = "" if found.verdict != "inconclusive" else ", inconclusive: an operator is asked"
    return f"{command.stage}: rollout, canary at {found.share_in_force:.1%}{asked}"
