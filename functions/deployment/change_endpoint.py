"""ChangeEndpoint: bring a phase's config onto the endpoint."""

from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.aws.workload import WorkloadAccount
from pressrun.deployment.change import ChangeEndpoint, EndpointChange, change
from pressrun.deployment.config import tags
from pressrun.observability import logger
from pressrun.step import step


@step(ChangeEndpoint)
def handler(command: ChangeEndpoint) -> EndpointChange:
    """Ask for the config, unless it is in force or on its way."""
    workload = WorkloadAccount.of(command.stage, command.release_id).describe()
    changed = change(
        command,
        tags(command.service, command.release_id, workload),
        SageMakerEndpoints.of(command.stage, command.release_id),
        VariantScaling.of(command.stage, command.release_id),
    )
    logger.info("endpoint change asked for", config_name=changed.config_name, asked=changed.asked)
    return changed
