"""What the judge gets of one poll, out of CloudWatch's numbers."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pressrun.rollout.counting import FALLBACK, MICROSECONDS, above, queries
from pressrun.rollout.metrics import MetricSource, Points, Query, UnknownStatisticError

# A side that should have had this many requests is not silent by chance (e^-8 = 0.0003).
FEW_REQUESTS = 8
_FIXED = 4
_QUANTILES = ("p50", "p90", "p99")
Thresholds = dict[str, list[float]]


class SideCounts(NamedTuple):
    """One variant in one poll.

    n: requests. errors: of them answered badly. above: [ms, count]. quantiles: in ms, where asked for.
    later: CloudWatch shows something of a later period.
    """

    n: int
    errors: int
    above: list[list[float]]
    quantiles: dict[str, float]
    later: bool

    def as_json(self) -> dict[str, Any]:
        """Return the side as the judge takes it."""
        side: dict[str, Any] = {"n": self.n, "errors": self.errors, "above": self.above}
        return {**side, "quantiles": self.quantiles} if self.quantiles else side


class PollCounts(NamedTuple):
    """Both variants in one poll, and the statistic that CloudWatch took."""

    control: SideCounts
    canary: SideCounts
    statistic: str


def count(
    source: MetricSource,
    endpoint_name: str,
    variants: tuple[str, str],
    window: tuple[datetime, datetime],
    thresholds: Thresholds,
    statistic: str,
) -> PollCounts:
    """Ask CloudWatch for one poll.

    Args:
        source: CloudWatch.
        endpoint_name: the endpoint.
        variants: stable and canary.
        window: start and end of the poll.
        thresholds: latencies in ms to count above, by side; none for control: its quantiles are asked for.
        statistic: ``TC``, or what is left where CloudWatch does not know it.
    """
    start, end = window
    period = round((end - start).total_seconds())
    asked = [
        _queries(variant, thresholds.get(side, []), statistic, quantiles=side == "control" and not thresholds.get(side))
        for side, variant in zip(("control", "canary"), variants, strict=True)
    ]
    try:
        found = source.read(endpoint_name, asked[0] + asked[1], start, end + timedelta(seconds=period), period)
    except UnknownStatisticError:
        if statistic not in FALLBACK:
            raise
        return count(source, endpoint_name, variants, window, thresholds, FALLBACK[statistic])
    split, at = len(asked[0]), int(start.timestamp())
    return PollCounts(
        control=_side(found[:split], at, thresholds.get("control", []), statistic),
        canary=_side(found[split:], at, thresholds.get("canary", []), statistic),
        statistic=statistic,
    )


def is_complete(counts: PollCounts, rate: float | None, share: float | None, seconds: int) -> bool:
    """Tell whether the numbers of both sides are there.

    A side without requests is silent, not missing, when hardly any were expected or a later period shows some.

    Args:
        counts: of the poll.
        rate: requests per second in the poll before, None before the first.
        share: the canary's share in the poll, None if it changed.
        seconds: length of the poll.
    """
    if rate is None:
        return counts.control.n > 0
    sides = (counts.control, counts.canary)
    if share is None:
        return any(side.n or side.later for side in sides) or rate * seconds < FEW_REQUESTS
    return all(
        side.n > 0 or side.later or rate * part * seconds < FEW_REQUESTS
        for side, part in zip(sides, (1 - share, share), strict=True)
    )


def _queries(variant: str, thresholds: list[float], statistic: str, *, quantiles: bool) -> list[Query]:
    """Return the queries of one side, in the order in which `_side` reads them."""
    return [
        Query(variant, "Invocations", "Sum"),
        Query(variant, "InvocationModelErrors", "Sum"),
        Query(variant, "Invocation5XXErrors", "Sum"),
        Query(variant, "ModelLatency", "SampleCount"),
        *queries(variant, thresholds, statistic),
        *(Query(variant, "ModelLatency", name) for name in _QUANTILES if quantiles),
    ]


def _side(found: Points, at: int, thresholds: list[float], statistic: str) -> SideCounts:
    """Put one side together.

    A model error is an answer that is not 2xx, a broken connection or a time-out; a 5XX is one of the container, which
    is a model error too, or of the platform, which is none. The larger of both counts nothing twice.

    Counts above a threshold are interpolated: whole numbers within [0, n] are made of them.
    """
    values = [points.get(at, 0.0) for points in found]
    n, answers, latencies = round(values[0]), values[3], values[_FIXED:]
    over = above(thresholds, statistic, latencies, answers) if thresholds else []
    quantiles = {} if thresholds or not answers else dict(zip(_QUANTILES, latencies, strict=False))
    return SideCounts(
        n=n,
        errors=_within(max(values[1], values[2]), n),
        above=[[ms, _within(number, n)] for ms, number in zip(thresholds, over, strict=True)],
        quantiles={name: value / MICROSECONDS for name, value in quantiles.items()},
        later=any(moment > at and value > 0 for moment, value in found[0].items()),
    )


def _within(value: float, most: int) -> int:
    return min(max(round(value), 0), most)
