"""A rollout, its book and its endpoint, as the tests of its steps need them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.rollout.metrics import Points, Query, UnknownStatisticError
from pressrun.rollout.record import Rollout

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RELEASE = "reranking-7-0123abcd-1"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def rollout(**values: Any) -> Rollout:
    return Rollout.model_validate(
        {
            "release_id": RELEASE,
            "service": "reranking",
            "stage": "prod",
            "endpoint_name": "reranking",
            "stable": "stable",
            "canary": "canary",
            "poll_seconds": 10,
            "lag_seconds": 5,
            "wait_seconds": 5,
            "started_at": at(-3),
            "first_poll_at": at(0),
            "config": json.dumps({"lag_seconds": 5}),
            "seen_at": at(-3),
            **values,
        }
    )


def endpoint(
    share: float = 0, desired: float | None = None, status: str = "InService", modified: float = -600, **values: Any
) -> Endpoint:
    wanted = share if desired is None else desired
    counts = {"current_count": values.pop("count", 2), "desired_count": 2}
    return Endpoint(
        **{
            "name": "reranking",
            "status": status,
            "config_name": f"{RELEASE}-open",
            "modified_at": at(modified),
            "variants": [
                Variant(name="stable", current_weight=1 - share, desired_weight=1 - wanted, **counts),
                Variant(name="canary", current_weight=share, desired_weight=wanted, **counts),
            ],
            **values,
        }
    )


class Book:
    """A rollout's record in memory."""

    def __init__(self, kept: Rollout | None = None) -> None:
        self.kept = kept
        self.noted: list[dict[str, Any]] = []

    def rollout(self, release_id: str, stage: str) -> Rollout | None:
        return self.kept

    def open(self, rollout: Rollout) -> Rollout:
        self.kept = self.kept or rollout
        return self.kept

    def change(self, rollout: Rollout, **values: Any) -> Rollout:
        self.kept = rollout.model_copy(update=values)
        return self.kept

    def judged(self, rollout: Rollout, poll: dict[str, Any], **values: Any) -> Rollout:
        assert self.kept is not None
        if self.kept.number == rollout.number - 1:
            self.noted.append(poll)
            self.kept = rollout.model_copy(update=values)
        return self.kept

    def polls(self, rollout: Rollout) -> list[dict[str, Any]]:
        return self.noted


class FakeMetrics:
    """CloudWatch: each variant's numbers in the poll asked for, by metric and statistic."""

    def __init__(self, **variants: Mapping[str, float]) -> None:
        self.variants: dict[str, Mapping[str, float]] = variants
        self.refused: set[str] = set()
        self.later: set[str] = set()
        self.asked: list[Query] = []
        self.window = (NOON, NOON)

    def read(self, endpoint_name: str, queries: list[Query], start: datetime, end: datetime, period: int) -> Points:
        self.asked, self.window = queries, (start, end)
        found: Points = []
        for query in queries:
            if query.statistic[:2] in self.refused:
                raise UnknownStatisticError(query.statistic)
            known = self.variants.get(query.variant, {})
            name = query.metric if query.metric != "ModelLatency" else query.statistic
            points = {int(start.timestamp()): known[name]} if name in known else {}
            if query.variant in self.later and query.metric == "Invocations":
                points[int(start.timestamp()) + period] = 1
            found.append(points)
        return found
