"""What the tables say about a service: proven configs, changes under way, the lease."""

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.scaling import Scaling
from pressrun.settings import Stage


class Proven(BaseModel):
    """A config that a finished release proved in a stage. What else its writer noted is kept as it is."""

    model_config = ConfigDict(frozen=True, extra="allow")

    release_id: str
    config_name: str
    model_name: str = ""
    at: str = ""
    scaling: Scaling | None = None


class VariantNames(BaseModel):
    """What a service calls the two variants of a rollout."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stable: str = "stable"
    canary: str = "canary"


class StageRecord(BaseModel):
    """One endpoint of a service, as the endpoints table has it.

    Attributes:
        live: what serves, or is to serve again.
        previous: what served before, newest first.
        changing: the release whose effects are on the endpoint, unproven as yet.
        created_by: the unproven release that created the endpoint.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    stage: Stage
    endpoint_name: str
    variants: VariantNames = VariantNames()
    live: Proven | None = None
    previous: tuple[Proven, ...] = ()
    changing: str | None = None
    created_by: str | None = None
    scaling_suspended: bool = False

    def proven_before(self, release_id: str) -> list[Proven]:
        """Return what finished releases other than this one proved, newest first."""
        return [proven for proven in (self.live, *self.previous) if proven and proven.release_id != release_id]

    def touched_by(self, release_id: str) -> bool:
        """Tell whether the endpoint carries effects of the release, proven or not."""
        return self.changing == release_id or (self.live is not None and self.live.release_id == release_id)


class Lease(BaseModel):
    """Which execution holds a service, and for which release."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    holder: str
    release_id: str


class ReleaseRecord(BaseModel):
    """A release, as far as a way back needs it.

    Attributes:
        back_to: the release that an operator wants to serve instead of this one.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    release_id: str
    service: str
    status: str
    execution_arn: str | None = None
    opened_at: str = ""
    back_to: str | None = None
