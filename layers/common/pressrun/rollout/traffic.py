"""Giving traffic back to stable, before everything else."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.errors import EndpointBusyError, InvalidInputError
from pressrun.rollout.record import Returned, Rollout, RolloutBook
from pressrun.settings import Stage

# One call asks and looks each second, for this long; then its machine calls it again.
RETURN_SECONDS = 20


class ReturnTraffic(BaseModel):
    """Send all of an endpoint's requests to its stable variant."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str


class TrafficReturn(BaseModel):
    """What became of it.

    Attributes:
        in_force: the canary gets nothing, or there is no canary, or the endpoint serves nobody and takes no weights.
        asked: SageMaker took the call just now.
    """

    model_config = ConfigDict(frozen=True)

    in_force: bool
    asked: bool = False


class Endpoints(Protocol):
    """The part of SageMaker a rollout needs."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None."""

    def set_weights(self, endpoint_name: str, weights: dict[str, float]) -> None:
        """Ask for new variant weights; they take hold later."""


def opened(book: RolloutBook, release_id: str, stage: Stage) -> Rollout:
    """Return a release's rollout.

    Raises:
        InvalidInputError: there is none.
    """
    rollout = book.rollout(release_id, stage)
    if rollout is None:
        raise InvalidInputError(f"release {release_id!r} has no rollout in {stage}, expected one that was started")
    return rollout


def split(stable: str, canary: str, share: float) -> dict[str, float]:
    """Return the weights that give the canary its share."""
    return {stable: round(1 - share, 6), canary: round(share, 6)}


def give_back(
    endpoint_name: str,
    variants: tuple[str, str],
    endpoints: Endpoints,
    note: Callable[[str], object],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> TrafficReturn:
    """Ask for weight 0 and look each second whether it holds; a busy endpoint is asked again the next second.

    Args:
        endpoint_name: the endpoint.
        variants: stable and canary.
        endpoints: SageMaker.
        note: told ``accepted`` when SageMaker takes the call, and ``in_force`` when the canary gets nothing.
        clock: seconds that never go back.
        sleep: waits.
    """
    stable, canary = variants
    asked, until = False, clock() + RETURN_SECONDS
    while True:
        endpoint = endpoints.describe(endpoint_name)
        if is_returned(endpoint, canary):
            note("in_force")
            return TrafficReturn(in_force=True, asked=asked)
        if endpoint is not None and endpoint.free and _wants(endpoint, canary):
            try:
                endpoints.set_weights(endpoint_name, split(stable, canary, 0))
            except EndpointBusyError:
                pass
            else:
                asked = True
                note("accepted")
        if clock() >= until:
            return TrafficReturn(in_force=False, asked=asked)
        sleep(1)


def is_returned(endpoint: Endpoint | None, canary: str) -> bool:
    """Tell whether the canary gets nothing and will get nothing, as far as weights decide it."""
    if endpoint is None or endpoint.status in BROKEN:
        return True
    found = endpoint.variant(canary)
    return found is None or (found.current_weight == 0 and found.desired_weight == 0)


def returned(known: Returned | None, what: str, began: datetime, now: datetime) -> Returned:
    """Return the times of a return of traffic with one more of them; the first of each kind stands."""
    times: dict[str, Any] = {"asked_at": began, **(known.model_dump(exclude_none=True) if known else {})}
    return Returned.model_validate({f"{what}_at": now, **times})


def _wants(endpoint: Endpoint, canary: str) -> bool:
    found = endpoint.variant(canary)
    return found is not None and found.desired_weight > 0
