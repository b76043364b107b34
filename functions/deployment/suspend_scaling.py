"""SuspendScaling: hold instance counts still while weights move."""

from pressrun.aws.scaling import VariantScaling
from pressrun.aws.stages import Stages
from pressrun.deployment.scaling import ScalingSuspended, SuspendScaling, suspend
from pressrun.observability import logger
from pressrun.step import step


@step(SuspendScaling)
def handler(command: SuspendScaling) -> ScalingSuspended:
    """Suspend the scaling of both variants."""
    suspended = suspend(command, VariantScaling.of(command.stage, command.release_id), Stages.here())
    logger.info("scaling suspended", variants=suspended.variants)
    return suspended
