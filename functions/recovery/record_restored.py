"""RecordRestored: record that a stage serves its proven config again, and clear away what the release left."""

from pressrun.aws.cloudwatch import Alarms
from pressrun.aws.recovery import RecoveryDesk
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.recovery.restored import RecordRestored, StageRestored, record_restored
from pressrun.step import step


@step(RecordRestored)
def handler(command: RecordRestored) -> StageRestored:
    """Record the stage and clear away."""
    stage, release_id = command.stage, command.release_id
    done = record_restored(
        command,
        RecoveryDesk.here(),
        SageMakerEndpoints.of(stage, release_id),
        VariantScaling.of(stage, release_id),
        Alarms.of(stage, release_id),
        now(),
    )
    logger.info("stage restored", config_name=done.config_name, removed=done.removed)
    return done
