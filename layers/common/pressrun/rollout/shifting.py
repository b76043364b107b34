"""Sending the canary its share of the traffic."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.deployment.endpoint import Endpoint
from pressrun.errors import EndpointBusyError
from pressrun.rollout.record import Rollout, RolloutBook
from pressrun.rollout.traffic import Endpoints, opened, split
from pressrun.rollout.weights import SAME_SHARE, WeightChange, is_open, observe
from pressrun.settings import Stage

# One call of SendAllTraffic looks each second, for this long; then its machine calls it again.
SEND_SECONDS = 8


class ShiftTraffic(BaseModel):
    """Send a share of an endpoint's requests to its canary variant.

    Attributes:
        poll: the poll whose decision asks for it. reason: the judge's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name", "poll"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    share: float = Field(ge=0, le=1)
    poll: int
    reason: str


class SendAllTraffic(BaseModel):
    """Send all of an endpoint's requests to its canary variant, which was promoted."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    poll: int
    reason: str


class TrafficShift(BaseModel):
    """What became of it.

    Attributes:
        asked: SageMaker took the call just now. in_force: the share holds.
    """

    model_config = ConfigDict(frozen=True)

    share: float
    asked: bool
    in_force: bool


def shift(
    command: ShiftTraffic, rollout: Rollout, endpoints: Endpoints, book: RolloutBook, now: Callable[[], datetime]
) -> TrafficShift:
    """Ask for a share and return; a busy endpoint keeps its share and is asked again after the next poll."""
    endpoint = endpoints.describe(command.endpoint_name)
    if endpoint is None:
        return TrafficShift(share=command.share, asked=False, in_force=False)
    if endpoint.weights_hold and abs(endpoint.share_of(rollout.canary) - command.share) < SAME_SHARE:
        seen = observe(rollout.changes, endpoint, rollout.canary, rollout.seen_at, now())
        book.change(rollout, changes=seen)
        return TrafficShift(share=command.share, asked=False, in_force=True)
    if not endpoint.free or _is_asked(rollout, command.share, endpoint):
        return TrafficShift(share=command.share, asked=False, in_force=False)
    asked_at = now()
    try:
        endpoints.set_weights(command.endpoint_name, split(rollout.stable, rollout.canary, command.share))
    except EndpointBusyError:
        return TrafficShift(share=command.share, asked=False, in_force=False)
    changes = rollout.changes[:-1] if is_open(rollout.changes) else rollout.changes
    book.change(rollout, changes=[*changes, WeightChange(share=command.share, asked_at=asked_at)])
    return TrafficShift(share=command.share, asked=True, in_force=False)


def send_all(
    command: SendAllTraffic,
    endpoints: Endpoints,
    book: RolloutBook,
    now: Callable[[], datetime],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> TrafficShift:
    """Ask for all of the traffic and look each second whether it holds.

    Raises:
        InvalidInputError: the release has no rollout here.
    """
    wanted = ShiftTraffic(**command.model_dump(), share=1)
    asked, until = False, clock() + SEND_SECONDS
    while True:
        shifted = shift(wanted, opened(book, command.release_id, command.stage), endpoints, book, now)
        asked = asked or shifted.asked
        if shifted.in_force or clock() >= until:
            return shifted.model_copy(update={"asked": asked})
        sleep(1)


def _is_asked(rollout: Rollout, share: float, endpoint: Endpoint) -> bool:
    """Tell whether this share is on its way: a reply about the endpoint may be older than our call."""
    total = sum(variant.desired_weight for variant in endpoint.variants)
    canary = endpoint.variant(rollout.canary)
    desired = canary.desired_weight / total if canary and total else 0.0
    return not endpoint.weights_hold and abs(desired - share) < SAME_SHARE
