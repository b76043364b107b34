"""StartRollout: open a rollout and put its fuses in."""

from pressrun.aws.cloudwatch import Alarms
from pressrun.aws.documents import Documents
from pressrun.aws.rollouts import RolloutTable
from pressrun.aws.tables import Releases
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.rollout.fuse import alarm
from pressrun.rollout.start import RolloutStarted, StartRollout, start, started
from pressrun.step import step


@step(StartRollout)
def handler(command: StartRollout) -> RolloutStarted:
    """Arm the fuses of both variants before the first request may go to the canary, then record the rollout."""
    spec = Documents.here().pinned(command.release_id).spec
    alarms = Alarms.of(command.stage, command.release_id)
    for variant in (spec.variants.stable, spec.variants.canary):
        alarms.put(alarm(command.endpoint_name, variant, command.service, period=spec.rollout.poll_seconds))
    rollout = start(command, spec, RolloutTable.here(), now())
    Releases.here().note(command.release_id, f"{command.stage}: rollout", status="rolling_out")
    logger.info("rollout started", lag_seconds=command.lag_seconds, first_poll_at=rollout.first_poll_at.isoformat())
    return started(rollout)
