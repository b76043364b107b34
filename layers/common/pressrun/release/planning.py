"""The plan of a release: its stages in order, and where somebody has to say yes."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from pressrun.errors import ApprovalDeniedError, ReleaseChangedError
from pressrun.release.manifest import Manifest
from pressrun.service.spec import ServiceSpec
from pressrun.settings import STAGES, Stage


class PlanRelease(BaseModel):
    """Lay out a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id"}

    release_id: str


class StagePlan(BaseModel):
    """One stage of a release.

    Attributes:
        approval_seconds: how long an operator has to say yes first; 0 where nobody is asked.
    """

    model_config = ConfigDict(frozen=True)

    stage: Stage
    approval_seconds: int


class ReleasePlan(BaseModel):
    """What `promote_release` carries out."""

    model_config = ConfigDict(frozen=True)

    release_id: str
    service: str
    endpoint_name: str
    stages: list[StagePlan]


def plan(
    command: PlanRelease, manifest: Manifest, spec: ServiceSpec, *, approval: str, pinned_digest: str
) -> ReleasePlan:
    """Lay out the stages.

    Raises:
        ReleaseChangedError: the manifest is not the one the release was opened with.
        ApprovalDeniedError: the package is not approved any more.
    """
    if manifest.digest() != pinned_digest:
        raise ReleaseChangedError(
            f"manifest of {command.release_id!r} has digest {manifest.digest()}, expected {pinned_digest}"
        )
    if approval != "Approved":
        raise ApprovalDeniedError(f"model package {manifest.model_package_arn} is {approval}, expected Approved")
    return ReleasePlan(
        release_id=command.release_id,
        service=spec.name,
        endpoint_name=spec.endpoint_name,
        stages=[StagePlan(stage=stage, approval_seconds=_approval_seconds(spec, stage)) for stage in STAGES],
    )


def _approval_seconds(spec: ServiceSpec, stage: Stage) -> int:
    approval = spec.stages.of(stage).approval
    return round(approval.deadline_hours * 3600) if approval else 0
