"""An endpoint as SageMaker describes it, and what its states mean for a release."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

CHANGING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
BROKEN = frozenset({"Failed", "UpdateRollbackFailed", "OutOfService"})

Progress = Literal["in_service", "changing", "gone"]


class Variant(BaseModel):
    """One production variant, as it is and as it is meant to be.

    Attributes:
        images: the digests that really run (``ResolvedImage`` after the ``@``), where SageMaker says them.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    current_weight: float
    desired_weight: float
    current_count: int
    desired_count: int
    images: list[str] = []

    @property
    def settled(self) -> bool:
        """Tell whether weight and count are what was asked for."""
        return self.current_weight == self.desired_weight and self.current_count == self.desired_count


class Endpoint(BaseModel):
    """One endpoint.

    Attributes:
        status: as SageMaker spells it.
        pending_config: the config of a deployment under way.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    status: str
    config_name: str
    modified_at: datetime
    failure_reason: str = ""
    pending_config: str = ""
    variants: list[Variant] = []

    def variant(self, name: str) -> Variant | None:
        """Return a variant by its name, or None."""
        return next((variant for variant in self.variants if variant.name == name), None)

    @property
    def free(self) -> bool:
        """Tell whether the endpoint takes a change now."""
        return self.status == "InService" and not self.pending_config

    @property
    def settled(self) -> bool:
        """Tell whether everything that was asked for is in force."""
        return self.free and all(variant.settled for variant in self.variants)

    @property
    def weights_hold(self) -> bool:
        """Tell whether the weights that were asked for are in force, whatever the instances do."""
        return self.free and all(variant.current_weight == variant.desired_weight for variant in self.variants)

    def share_of(self, name: str) -> float:
        """Return the share of requests that a variant gets now, 0 without it."""
        total = sum(variant.current_weight for variant in self.variants)
        found = self.variant(name)
        return found.current_weight / total if found and total else 0.0
