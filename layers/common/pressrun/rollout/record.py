"""The record of a rollout: what is kept between its polls."""

from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.rollout.weights import WeightChange
from pressrun.settings import Stage


class Returned(BaseModel):
    """When traffic was taken back.

    Attributes:
        asked_at: when we began to ask. accepted_at: when SageMaker took the call. in_force_at: when it held.
    """

    model_config = ConfigDict(frozen=True)

    asked_at: datetime
    accepted_at: datetime | None = None
    in_force_at: datetime | None = None


class Rollout(BaseModel):
    """A rollout on one endpoint.

    Attributes:
        lag_seconds: the metric lag as measured before the rollout.
        wait_seconds: how long after its end a poll is asked for; grows when numbers come later.
        first_poll_at: start of poll 1; poll k starts k - 1 poll lengths later.
        config: JSON, the judge's configuration.
        number: of the last poll that was judged. judge, decision, answer: JSON, of that poll.
        waits: looks at polls whose numbers were not complete. late: the next poll was one of them.
        rate: requests per second of both variants in the last poll.
        changes: of the canary's share. seen_at: when the endpoint was last looked at.
        statistic: what CloudWatch takes: trimmed counts, or percentile ranks.
        decided_at: when the judge, or the operator, ended the rollout. verdict: how.
    """

    model_config = ConfigDict(frozen=True)

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    stable: str
    canary: str
    poll_seconds: int
    lag_seconds: float
    wait_seconds: float
    started_at: datetime
    first_poll_at: datetime
    config: str
    number: int = 0
    judge: str | None = None
    decision: str | None = None
    answer: str | None = None
    waits: int = 0
    late: bool = False
    rate: float | None = None
    changes: list[WeightChange] = []
    seen_at: datetime
    statistic: str = "TC"
    inconclusive_at: datetime | None = None
    decided_at: datetime | None = None
    verdict: str | None = None
    reason: str | None = None
    returned: Returned | None = None

    def bounds(self, number: int) -> tuple[datetime, datetime]:
        """Return start and end of a poll."""
        length = timedelta(seconds=self.poll_seconds)
        return self.first_poll_at + (number - 1) * length, self.first_poll_at + number * length

    def due_at(self, number: int) -> datetime:
        """Return when a poll's numbers are expected."""
        return self.bounds(number)[1] + timedelta(seconds=self.wait_seconds)


class RolloutBook(Protocol):
    """Where rollouts are recorded."""

    def rollout(self, release_id: str, stage: Stage) -> Rollout | None:
        """Return a rollout, or None."""

    def open(self, rollout: Rollout) -> Rollout:
        """Record a new rollout; return the one that stands there if it was opened before."""

    def change(self, rollout: Rollout, **values: Any) -> Rollout:
        """Record changed attributes and return the rollout with them."""

    def judged(self, rollout: Rollout, poll: dict[str, Any], **values: Any) -> Rollout:
        """Record a judged poll, unless one of this number was recorded before; return what stands there."""

    def polls(self, rollout: Rollout) -> list[dict[str, Any]]:
        """Return the polls that were judged, oldest first."""
