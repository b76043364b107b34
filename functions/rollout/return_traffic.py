"""ReturnTraffic: send all of an endpoint's requests back to the stable variant."""

from pressrun.aws.rollouts import RolloutNews, RolloutTable
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.stages import Stages
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.rollout.ending import evidence
from pressrun.rollout.traffic import ReturnTraffic, TrafficReturn, give_back, returned
from pressrun.step import step


@step(ReturnTraffic)
def handler(command: ReturnTraffic) -> TrafficReturn:
    """Ask first, and note and explain afterwards: the call itself waits for nothing."""
    began, times = now(), {}
    variants = Stages.here().variants(command.service, command.stage)
    back = give_back(
        command.endpoint_name,
        variants,
        SageMakerEndpoints.of(command.stage, command.release_id),
        lambda what: times.update({what: now()}),
    )
    logger.info("traffic returned" if back.in_force else "traffic on its way back", asked=back.asked)
    book = RolloutTable.here()
    rollout = book.rollout(command.release_id, command.stage)
    if rollout is None:
        return back
    known = rollout.returned
    for what, moment in times.items():
        known = returned(known, what, began, moment)
    rollout = book.change(rollout, returned=known or returned(None, "asked", began, began))
    if back.asked:
        RolloutNews.here().stepped(rollout, 0.0, rollout.number, rollout.reason or "traffic goes back")
    if back.in_force:
        RolloutNews.here().over(rollout, evidence(rollout, book.polls(rollout), "returned"))
    return back
