"""Whether an endpoint serves what was asked for."""

from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.endpoint import BROKEN, Endpoint, Progress
from pressrun.errors import ConfigRolledBackError, EndpointFailedError, ReleaseChangedError
from pressrun.settings import Stage


class CheckEndpoint(BaseModel):
    """Look at an endpoint.

    Attributes:
        expected_config: the config asked for; None where the endpoint was asked to go.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    stage: Stage
    endpoint_name: str
    expected_config: str | None


class EndpointCheck(BaseModel):
    """How far the endpoint is."""

    model_config = ConfigDict(frozen=True)

    state: Progress


class Images(Protocol):
    """What is known of releases' images."""

    def image_digest(self, release_id: str) -> str | None:
        """Return the digest of a release's image, or None where it was never found."""


def check(command: CheckEndpoint, endpoint: Endpoint | None, images: Images) -> EndpointCheck:
    """Say how far the endpoint is; in service means that all that was asked for is in force.

    After a failed update SageMaker is InService again with the old config and may not say a word, so the config's
    name, each variant's weight and count, and the digests of the images that run are all compared.

    Raises:
        EndpointFailedError: the endpoint does not recover by itself.
        ConfigRolledBackError: it is InService with another config.
        ReleaseChangedError: it runs another image than the one pinned.
    """
    if endpoint is None:
        return EndpointCheck(state="gone")
    if command.expected_config is None:
        return EndpointCheck(state="changing")
    if endpoint.status in BROKEN:
        raise EndpointFailedError(endpoint.name, endpoint.status, endpoint.failure_reason)
    if not endpoint.free:
        return EndpointCheck(state="changing")
    if endpoint.config_name != command.expected_config:
        raise ConfigRolledBackError(
            endpoint.name, endpoint.config_name, command.expected_config, endpoint.failure_reason
        )
    if not endpoint.settled:
        return EndpointCheck(state="changing")
    _check_images(endpoint, command.expected_config, images)
    return EndpointCheck(state="in_service")


def _check_images(endpoint: Endpoint, config_name: str, images: Images) -> None:
    """Compare what runs with the image of the release whose config it is; `open` also runs stable's own."""
    release_id, _, kind = config_name.rpartition("-")
    digest = images.image_digest(release_id)
    if digest is None:
        return
    running = {found for variant in endpoint.variants for found in variant.images}
    right = digest in running if kind == "open" else running == {digest}
    if not right:
        raise ReleaseChangedError(
            f"endpoint {endpoint.name!r} runs image {', '.join(sorted(running)) or 'unknown'}, expected {digest}"
        )
