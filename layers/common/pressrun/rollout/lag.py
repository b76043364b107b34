"""How late CloudWatch shows what happened on the endpoint."""

import math
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import parse_iso
from pressrun.errors import MetricsMissingError
from pressrun.rollout.metrics import MetricSource, Query
from pressrun.settings import Stage

GIVE_UP_SECONDS = 600
SHORTEST_LAG_SECONDS = 1.0


class MeasureMetricLag(BaseModel):
    """Look whether CloudWatch shows the contract test's calls yet."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    stage: Stage
    endpoint_name: str
    variant: str
    poll_seconds: int = Field(gt=0)
    calls: int = Field(gt=0)
    started_at: str
    last_call_at: str


class MetricLag(BaseModel):
    """How long after its end a poll is complete, once that is known."""

    model_config = ConfigDict(frozen=True)

    complete: bool
    lag_seconds: float


def measure(command: MeasureMetricLag, source: MetricSource, now: datetime) -> MetricLag:
    """Compare the calls that CloudWatch shows with those that were made.

    Metrics come once a publishing interval, so the lag counts from the end of the interval of the last call: that is
    also how a poll waits for its numbers.

    Raises:
        MetricsMissingError: ten minutes after the last call some are still not shown.
    """
    last = parse_iso(command.last_call_at)
    start = floor(parse_iso(command.started_at), command.poll_seconds)
    query = Query(command.variant, "Invocations", "Sum")
    end = ceiling(max(now, last), command.poll_seconds) + timedelta(seconds=command.poll_seconds)
    shown = sum(source.read(command.endpoint_name, [query], start, end, command.poll_seconds)[0].values())
    lag = max((now - ceiling(last, command.poll_seconds)).total_seconds(), SHORTEST_LAG_SECONDS)
    if shown >= command.calls:
        return MetricLag(complete=True, lag_seconds=round(lag, 1))
    if (now - last).total_seconds() > GIVE_UP_SECONDS:
        raise MetricsMissingError(
            f"CloudWatch shows {shown:g} of the {command.calls} calls of variant {command.variant!r} of endpoint "
            f"{command.endpoint_name!r} {GIVE_UP_SECONDS} s after the last, expected all of them"
        )
    return MetricLag(complete=False, lag_seconds=round(lag, 1))


def floor(moment: datetime, seconds: int) -> datetime:
    """Return the last boundary of a grid that is aligned to the epoch."""
    return datetime.fromtimestamp(math.floor(moment.timestamp() / seconds) * seconds, UTC)


def ceiling(moment: datetime, seconds: int) -> datetime:
    """Return the next boundary of a grid that is aligned to the epoch."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp() / seconds) * seconds, UTC)
