"""Bringing a config onto the endpoint."""

from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.deployment.plan import Phase, StagePlan
from pressrun.errors import EndpointBusyError, EndpointFailedError


class ChangeEndpoint(StagePlan):
    """Ask for a phase's config."""

    phase: Phase
    config_name: str


class EndpointChange(BaseModel):
    """What was asked for.

    Attributes:
        asked: ``nothing`` where the config was in force or on its way already.
    """

    model_config = ConfigDict(frozen=True)

    config_name: str
    asked: Literal["create", "update", "nothing"]


class Endpoints(Protocol):
    """The part of SageMaker that changes endpoints."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None."""

    def create_endpoint(self, endpoint_name: str, config_name: str, tags: dict[str, str]) -> None:
        """Ask for a new endpoint."""

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        """Ask for another config."""


class ScalingTargets(Protocol):
    """The part of Application Auto Scaling that knows which variants scale."""

    def deregister(self, endpoint_name: str, variant: str) -> None:
        """Take a variant out of scaling; one that does not scale is fine."""


def change(
    command: ChangeEndpoint, tags: dict[str, Any], endpoints: Endpoints, scaling: ScalingTargets
) -> EndpointChange:
    """Ask for the config, unless it is in force or on its way.

    A variant that scales can be neither replaced by another instance type nor removed, so stable stops to scale
    before anything but the opening, which keeps it as it is; recording the stage lets it scale again.

    Raises:
        EndpointBusyError: the endpoint is being changed and takes no other change now.
        EndpointFailedError: it is broken.
    """
    found = endpoints.describe(command.endpoint_name)
    if found is None:
        endpoints.create_endpoint(command.endpoint_name, command.config_name, tags)
        return EndpointChange(config_name=command.config_name, asked="create")
    if found.status in BROKEN:
        raise EndpointFailedError(found.name, found.status, found.failure_reason)
    if command.config_name == (found.pending_config or found.config_name):
        return EndpointChange(config_name=command.config_name, asked="nothing")
    if not found.free:
        raise EndpointBusyError(command.endpoint_name, found.status)
    if command.phase != "open":
        scaling.deregister(command.endpoint_name, command.stable)
    endpoints.update_endpoint(command.endpoint_name, command.config_name, keep_counts=command.phase == "open")
    return EndpointChange(config_name=command.config_name, asked="update")
