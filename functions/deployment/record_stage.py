"""RecordStage: make a release the live one of its stage."""

from pressrun.aws.cloudwatch import Alarms
from pressrun.aws.documents import Documents
from pressrun.aws.evidence import Evidence
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.aws.stages import Stages
from pressrun.aws.tables import Releases
from pressrun.clock import iso, now
from pressrun.deployment.record import RecordStage, StageRecord, confirm, evidence, live_entry, prune
from pressrun.deployment.scaling import Scaling, let_scale
from pressrun.observability import logger
from pressrun.rollout.fuse import alarm_name
from pressrun.settings import Stage
from pressrun.step import step


@step(RecordStage)
def handler(command: RecordStage) -> StageRecord:
    """Record what is live; scaling and pruning come first, so that a repeat finds them still to do."""
    documents, sagemaker, stages = Documents.here(), SageMakerEndpoints.of(*_account(command)), Stages.here()
    pinned, image = documents.pinned(command.release_id), documents.image(command.release_id)
    endpoint = confirm(command, sagemaker.describe(command.endpoint_name))
    live = live_entry(command, pinned, image, iso(now()))
    let_scale(command.endpoint_name, Scaling.model_validate(live["scaling"]), VariantScaling.of(*_account(command)))
    stages.scaling_suspended(command.service, command.stage, False)
    Alarms.of(*_account(command)).delete(alarm_name(command.endpoint_name, command.canary))
    Evidence.here().put(command.release_id, f"{command.stage}-endpoint", evidence(endpoint, pinned, image))
    kept = stages.prove(command.service, command.stage, live)
    pruned = prune(command.service, kept, {endpoint.config_name}, sagemaker)
    Releases.here().note(command.release_id, f"{command.stage}: proven")
    logger.info("stage recorded", config_name=endpoint.config_name, pruned=pruned)
    return StageRecord(config_name=live["config_name"], model_name=live["model_name"], pruned=pruned)


def _account(command: RecordStage) -> tuple[Stage, str]:
    return command.stage, command.release_id
