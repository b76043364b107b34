"""The points of one metric, found by time: a rollout reads the last minute, not all that ever came."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from ministack.services import cloudwatch as cw

MINUTE = 60
KEPT_SECONDS = 15 * 86_400
EVICTION_SECONDS = 300

Point = dict[str, Any]
_evicted_at = [0.0]


class Points(list[Point]):
    """A list of points that also knows them by their minute."""

    def __init__(self, points: Iterable[Point] = ()) -> None:
        super().__init__()
        self._minutes: dict[int, list[Point]] = {}
        for point in points:
            self.append(point)

    def append(self, point: Point) -> None:
        """Add a point."""
        super().append(point)
        self._minutes.setdefault(int(point["Timestamp"] // MINUTE), []).append(point)

    def between(self, start: float, end: float) -> Iterator[Point]:
        """Yield the points from `start` on and before `end`."""
        minutes = range(int(start // MINUTE), int(end // MINUTE) + 1)
        for minute in minutes if len(minutes) < len(self._minutes) else sorted(self._minutes):
            for point in list(self._minutes.get(minute, ())):
                if start <= point["Timestamp"] < end:
                    yield point

    def has_before(self, moment: float) -> bool:
        """Tell whether a point is older than a moment."""
        return bool(self._minutes) and min(self._minutes) < moment // MINUTE


def install() -> None:
    """Replace how ministack keeps points, and how it forgets them."""
    cw._metric_bucket = bucket
    cw._evict_old_metrics = evict


def bucket(key: tuple[str, str, str]) -> Points:
    """Return the points of a metric of the account in scope, to add to."""
    found = cw._metrics.get(key)
    if found is None:
        found = cw._metrics[key] = Points()
    return found  # type: ignore[no-any-return]


def evict() -> None:
    """Drop what CloudWatch no longer keeps, at times."""
    if time.monotonic() - _evicted_at[0] < EVICTION_SECONDS:
        return
    _evicted_at[0] = time.monotonic()
    oldest = time.time() - KEPT_SECONDS
    for key, held in list(cw._metrics._data.items()):
        if held.has_before(oldest):
            cw._metrics._data[key] = Points(held.between(oldest, float(2**40)))
