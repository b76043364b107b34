"""Recording a proven stage, and letting go of what no proven release needs any more."""

import re
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.documents import Pinned
from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.plan import StagePlan
from pressrun.deployment.scaling import Scaling
from pressrun.errors import ConfigRolledBackError, EndpointFailedError
from pressrun.settings import Stage

_RELEASE = r"-\d+-[0-9a-f]{8}-\d+"


class RecordStage(StagePlan):
    """Make the release the live one of its stage."""


class StageRecord(BaseModel):
    """What is live now, and what was let go."""

    model_config = ConfigDict(frozen=True)

    config_name: str
    model_name: str
    pruned: list[str]


class Shelf(Protocol):
    """The part of SageMaker that keeps models and configs."""

    def config_names(self, containing: str) -> list[str]:
        """Return names of configs that contain a text."""

    def model_names(self, containing: str) -> list[str]:
        """Return names of models that contain a text."""

    def delete_config(self, name: str) -> None:
        """Delete a config."""

    def delete_model(self, name: str) -> None:
        """Delete a model."""


class StageRecords(Protocol):
    """Where it is recorded what is live."""

    def prove(self, service: str, stage: Stage, live: dict[str, Any]) -> list[str]:
        """Make a release the live one; return the releases that are kept."""


def confirm(command: RecordStage, endpoint: Endpoint | None) -> Endpoint:
    """Return the endpoint if it serves the release alone.

    Raises:
        EndpointFailedError: it is gone, or not settled.
        ConfigRolledBackError: it serves another config.
    """
    if endpoint is None or not endpoint.settled:
        status = endpoint.status if endpoint else "gone"
        raise EndpointFailedError(command.endpoint_name, status, "it was to be recorded as proven")
    expected = live_config(command.release_id)
    if endpoint.config_name != expected:
        raise ConfigRolledBackError(endpoint.name, endpoint.config_name, expected, endpoint.failure_reason)
    return endpoint


def live_config(release_id: str) -> str:
    """Name the config in which a release serves alone."""
    return f"{release_id}-live"


def live_entry(command: RecordStage, pinned: Pinned, image: str, moment: str) -> dict[str, Any]:
    """Return what the endpoints table keeps of a live release: all that going back to it needs."""
    return {
        "release_id": command.release_id,
        "config_name": live_config(command.release_id),
        "model_name": command.release_id,
        "image": image,
        "at": moment,
        "scaling": Scaling.of(command.stable, pinned.spec.stages.of(command.stage)).model_dump(),
    }


def evidence(endpoint: Endpoint, pinned: Pinned, image: str) -> dict[str, Any]:
    """Return what was found on the endpoint."""
    return {
        "endpoint_name": endpoint.name,
        "config_name": endpoint.config_name,
        "status": endpoint.status,
        "image": image,
        "model": pinned.manifest.model.model_dump(),
        "variants": [variant.model_dump() for variant in endpoint.variants],
    }


def prune(service: str, kept: list[str], in_use: set[str], shelf: Shelf) -> list[str]:
    """Delete the service's configs and models that no kept release needs; return their names.

    Only names that releases of exactly this service make are looked at. The config in use stays whatever it is
    called: an endpoint whose config is gone cannot be updated any more.
    """
    ours = re.compile(re.escape(service) + _RELEASE)
    stay = {live_config(release_id) for release_id in kept} | in_use
    gone = []
    for name in shelf.config_names(f"{service}-"):
        release_id, _, kind = name.rpartition("-")
        if kind in {"live", "open"} and ours.fullmatch(release_id) and name not in stay:
            shelf.delete_config(name)
            gone.append(name)
    for name in shelf.model_names(f"{service}-"):
        if ours.fullmatch(name) and name not in kept:
            shelf.delete_model(name)
            gone.append(name)
    return gone
