"""PlanStage: decide how a release gets onto its endpoint in one stage."""

from pressrun.aws.documents import Documents
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.stages import Stages
from pressrun.aws.tables import Releases
from pressrun.deployment.plan import PlanStage, StagePlan, plan_stage
from pressrun.observability import logger
from pressrun.step import step


@step(PlanStage)
def handler(command: PlanStage) -> StagePlan:
    """Plan a stage and claim its endpoint."""
    pinned = Documents.here().pinned(command.release_id)
    endpoint = SageMakerEndpoints.of(command.stage, command.release_id).describe(command.endpoint_name)
    planned = plan_stage(command, pinned, endpoint, Stages.here())
    Releases.here().note(command.release_id, f"{command.stage}: {planned.strategy} endpoint", status="open")
    logger.info("stage planned", strategy=planned.strategy, instance_count=planned.instance_count)
    return planned
