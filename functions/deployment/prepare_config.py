"""PrepareConfig: make a release's model and the endpoint config of a phase."""

from pressrun.aws.documents import Documents
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.workload import WorkloadAccount
from pressrun.deployment.config import PrepareConfig, PreparedConfig, prepare
from pressrun.observability import logger
from pressrun.step import step


@step(PrepareConfig)
def handler(command: PrepareConfig) -> PreparedConfig:
    """Make model and config, once."""
    documents = Documents.here()
    prepared = prepare(
        command,
        documents.pinned(command.release_id),
        documents.image(command.release_id),
        WorkloadAccount.of(command.stage, command.release_id).describe(),
        SageMakerEndpoints.of(command.stage, command.release_id),
    )
    logger.info("config prepared", phase=command.phase, config_name=prepared.config_name)
    return prepared
