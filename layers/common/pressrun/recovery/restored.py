"""What the tables say once an endpoint is back, and what is cleared away."""

from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.clock import iso
from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.scaling import ScalingTargets, let_scale
from pressrun.errors import LeaseLostError
from pressrun.recovery.plan import StagePlan
from pressrun.recovery.records import StageRecord
from pressrun.rollout.fuse import alarm_name


class RecordRestored(StagePlan):
    """Record that a stage serves its proven config again, and clear away what the release left."""

    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}


class StageRestored(BaseModel):
    """A stage that is back.

    Attributes:
        config_name: what it serves now; None where the endpoint went with the release.
        removed: configs and models of the release that are gone.
        evidence: sha256 of the stage's document.
    """

    model_config = ConfigDict(frozen=True)

    stage: str
    config_name: str | None
    removed: list[str] = []
    evidence: str = ""


def restored(command: RecordRestored, record: StageRecord) -> dict[str, Any]:
    """Return the attributes of the endpoints item; None removes one.

    What was proven after the target was left together with the release: it does not come back by itself.

    Raises:
        LeaseLostError: another release is changing the endpoint by now.
    """
    if record.changing not in (None, command.release_id):
        raise LeaseLostError(
            f"endpoint {command.endpoint_name!r} in {command.stage} is being changed by release {record.changing!r}, "
            f"expected {command.release_id!r}"
        )
    target = command.target
    older: list[dict[str, Any]] = []
    if target:
        proven = [each for each in (record.live, *record.previous) if each]
        names = [each.release_id for each in proven]
        after = names.index(target.release_id) + 1 if target.release_id in names else 0
        older = [each.model_dump() for each in proven[after:]]
    return {
        "live": target.model_dump() if target else None,
        "previous": older,
        "changing": None,
        "created_by": None,
        "scaling_suspended": None,
    }


def leftovers(command: RecordRestored, kept: set[str], in_use: str | None) -> tuple[list[str], list[str]]:
    """Return the release's own configs and models in this stage that nothing needs.

    Args:
        command: the stage and the release that was left.
        kept: the releases that are live or may be gone back to.
        in_use: the config that the endpoint serves, if it is there.
    """
    own = [f"{command.release_id}-live", f"{command.release_id}-open"]
    if command.release_id in kept or in_use in own:
        return [], []
    return own, [command.release_id]


class Sagemaker(Protocol):
    """The part of SageMaker that clears away."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None."""

    def delete_config(self, name: str) -> None:
        """Delete an endpoint config; one that is gone is fine."""

    def delete_model(self, name: str) -> None:
        """Delete a model; one that is gone is fine."""


class Alarms(Protocol):
    """The part of CloudWatch that holds fuses."""

    def delete(self, name: str) -> None:
        """Delete an alarm; one that is gone is fine."""


class Desk(Protocol):
    """The endpoints table and the evidence."""

    def record(self, service: str, stage: str) -> StageRecord | None:
        """Return one endpoint of a service."""

    def write_stage(self, record: StageRecord, values: dict[str, Any]) -> bool:
        """Write attributes if the release that changes the endpoint is still the one that was read."""

    def prove(self, release_id: str, name: str, document: dict[str, Any]) -> str:
        """Write evidence once; return its sha256."""


def record_restored(
    command: RecordRestored,
    desk: Desk,
    sagemaker: Sagemaker,
    scaling: ScalingTargets,
    alarms: Alarms,
    now: datetime,
) -> StageRestored:
    """Record the stage, let it scale again, and clear away; a repeated call finds everything done.

    Raises:
        LeaseLostError: another release is changing the endpoint by now.
    """
    record = desk.record(command.service, command.stage)
    kept: set[str] = set()
    if record:
        values = restored(command, record)
        kept = {each["release_id"] for each in (values["live"], *values["previous"]) if each}
        if command.target and command.target.scaling:
            let_scale(command.endpoint_name, command.target.scaling, scaling)
        alarms.delete(alarm_name(command.endpoint_name, record.variants.canary))
        if not desk.write_stage(record, values):
            raise LeaseLostError(f"endpoint {command.endpoint_name!r} in {command.stage} was claimed meanwhile")
    found = sagemaker.describe(command.endpoint_name)
    configs, models = leftovers(command, kept, found.config_name if found else None)
    for name in configs:
        sagemaker.delete_config(name)
    for name in models:
        sagemaker.delete_model(name)
    config_name = found.config_name if found else None
    document = {
        "stage": command.stage,
        "endpoint_name": command.endpoint_name,
        "config_name": config_name,
        "restored_at": iso(now),
        "removed": [*configs, *models],
    }
    evidence = desk.prove(command.release_id, f"{command.stage}-restored", document)
    return StageRestored(stage=command.stage, config_name=config_name, removed=[*configs, *models], evidence=evidence)
