"""Dynamic scaling of variants around a release."""

from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.plan import StagePlan
from pressrun.service.spec import StageSpec


class Scaling(BaseModel):
    """How a variant scales; kept with the release that proved it, so that a roll back can bring it back.

    Attributes:
        target: invocations per instance and minute that target tracking holds.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    min: int
    max: int
    target: float

    @classmethod
    def of(cls, variant: str, spec: StageSpec) -> "Scaling":
        """Take the bounds from a stage's spec."""
        return cls(
            variant=variant,
            min=spec.instances.min,
            max=spec.instances.max,
            target=spec.target_invocations_per_instance,
        )


class SuspendScaling(StagePlan):
    """Hold instance counts still while weights move."""


class ScalingSuspended(BaseModel):
    """Which variants stand still now; none where none scales."""

    model_config = ConfigDict(frozen=True)

    variants: list[str]


class ScalingTargets(Protocol):
    """Application Auto Scaling of one account."""

    def suspend(self, endpoint_name: str, variant: str, *, suspended: bool) -> bool:
        """Stop or resume a variant's scaling; tell whether it scales at all."""

    def register(self, endpoint_name: str, scaling: Scaling) -> None:
        """Let a variant scale by target tracking."""

    def deregister(self, endpoint_name: str, variant: str) -> None:
        """Take a variant out of scaling; one that does not scale is fine."""


class StageNotes(Protocol):
    """Where it is noted that scaling stands still."""

    def scaling_suspended(self, service: str, stage: Any, suspended: bool) -> None:
        """Note whether dynamic scaling stands still."""


def suspend(command: SuspendScaling, scaling: ScalingTargets, notes: StageNotes) -> ScalingSuspended:
    """Suspend the scaling of both variants; it is noted first, so that whoever takes over resumes it."""
    notes.scaling_suspended(command.service, command.stage, True)
    variants = [
        variant
        for variant in (command.stable, command.canary)
        if scaling.suspend(command.endpoint_name, variant, suspended=True)
    ]
    return ScalingSuspended(variants=variants)


def let_scale(endpoint_name: str, wanted: Scaling, targets: ScalingTargets) -> None:
    """Register a variant with its bounds, unsuspended, or take it out where they leave no room."""
    if wanted.max > wanted.min:
        targets.register(endpoint_name, wanted)
        targets.suspend(endpoint_name, wanted.variant, suspended=False)
    else:
        targets.deregister(endpoint_name, wanted.variant)
