"""SendAllTraffic: send all of an endpoint's requests to the promoted canary."""

from pressrun.aws.rollouts import RolloutNews, RolloutTable
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.rollout.ending import evidence
from pressrun.rollout.shifting import SendAllTraffic, TrafficShift, send_all
from pressrun.rollout.traffic import opened
from pressrun.step import step


@step(SendAllTraffic)
def handler(command: SendAllTraffic) -> TrafficShift:
    """Ask for all of the traffic; once it is in force the rollout is over."""
    book, news = RolloutTable.here(), RolloutNews.here()
    sent = send_all(command, SageMakerEndpoints.of(command.stage, command.release_id), book, now)
    rollout = opened(book, command.release_id, command.stage)
    if sent.asked:
        news.stepped(rollout, 1.0, command.poll, command.reason)
    if sent.in_force:
        news.over(rollout, evidence(rollout, book.polls(rollout), "promoted"))
    logger.info("all traffic sent" if sent.in_force else "all traffic asked for", asked=sent.asked)
    return sent
