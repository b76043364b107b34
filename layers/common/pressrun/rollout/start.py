"""Opening a rollout."""

import json
from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import iso
from pressrun.rollout.lag import ceiling
from pressrun.rollout.record import Rollout, RolloutBook
from pressrun.service.spec import ServiceSpec
from pressrun.settings import Stage


class StartRollout(BaseModel):
    """Open a rollout on an endpoint that has both variants."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    lag_seconds: float = Field(ge=0)


class RolloutStarted(BaseModel):
    """Which poll is judged first, and when."""

    model_config = ConfigDict(frozen=True)

    poll: int
    next_at: str


def start(command: StartRollout, spec: ServiceSpec, book: RolloutBook, now: datetime) -> Rollout:
    """Record the rollout once; a repeat finds the first.

    The judge gets durations and the measured lag, and nothing else: its statistical constants are not a service's.
    """
    durations = spec.rollout
    config = {
        "warmup_seconds": durations.warmup_seconds,
        "bake_seconds": durations.bake_seconds,
        "watch_seconds": durations.watch_seconds,
        "deadline_seconds": durations.deadline_seconds,
        "actuation_seconds": durations.actuation_seconds,
        "lag_seconds": command.lag_seconds,
    }
    return book.open(
        Rollout(
            release_id=command.release_id,
            service=command.service,
            stage=command.stage,
            endpoint_name=command.endpoint_name,
            stable=spec.variants.stable,
            canary=spec.variants.canary,
            poll_seconds=durations.poll_seconds,
            lag_seconds=command.lag_seconds,
            wait_seconds=command.lag_seconds,
            started_at=now,
            first_poll_at=ceiling(now, durations.poll_seconds),
            config=json.dumps(config),
            seen_at=now,
        )
    )


def started(rollout: Rollout) -> RolloutStarted:
    """Say which poll is next."""
    number = rollout.number + 1
    return RolloutStarted(poll=number, next_at=iso(rollout.due_at(number)))
