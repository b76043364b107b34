"""RestoreEndpoint: make the next move that brings an endpoint back to its proven config."""

from pressrun.aws.restoring import KeptProof
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.recovery.restore import RestoreEndpoint, Restoring, restore
from pressrun.step import step


@step(RestoreEndpoint)
def handler(command: RestoreEndpoint) -> Restoring:
    """Look at the endpoint and make the next move."""
    stage, release_id = command.stage, command.release_id
    found = restore(
        command,
        SageMakerEndpoints.of(stage, release_id),
        VariantScaling.of(stage, release_id),
        KeptProof.of(stage, release_id),
        now(),
    )
    logger.info("endpoint looked at", state=found.state, status=found.status, moves=found.moves)
    return found
