"""CheckEndpoint: see whether an endpoint serves what was asked for."""

from pressrun.aws.documents import Documents
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.deployment.check import CheckEndpoint, EndpointCheck, check
from pressrun.observability import logger
from pressrun.step import step


@step(CheckEndpoint)
def handler(command: CheckEndpoint) -> EndpointCheck:
    """Say how far the endpoint is."""
    endpoint = SageMakerEndpoints.of(command.stage, command.release_id).describe(command.endpoint_name)
    checked = check(command, endpoint, Documents.here())
    logger.info("endpoint checked", state=checked.state, endpoint_status=endpoint.status if endpoint else None)
    return checked
