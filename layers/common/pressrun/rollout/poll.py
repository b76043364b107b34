"""What the judge gets of one poll, out of CloudWatch's numbers."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pressrun.rollout.metrics import MetricSource, Points, Query, UnknownStatisticError

# A side that should have had this many requests is not silent by chance (e^-8 = 0.0003).
FEW_REQUESTS = 8
_MICROSECONDS = 1000
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
        statistic: ``TC``, or ``PR`` where trimmed counts are not known.
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
        if statistic == "PR":
            raise
        return count(source, endpoint_name, variants, window, thresholds, "PR")
    split, at = len(asked[0]), int(start.timestamp())
    return PollCounts(
        control=_side(asked[0], found[:split], at, thresholds.get("control", [])),
        canary=_side(asked[1], found[split:], at, thresholds.get("canary", [])),
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
    shares = (0.0, 0.0) if share is None else (1 - share, share)
    return all(
        side.n > 0 or side.later or rate * part * seconds < FEW_REQUESTS
        for side, part in zip((counts.control, counts.canary), shares, strict=True)
    )


def _queries(variant: str, thresholds: list[float], statistic: str, *, quantiles: bool) -> list[Query]:
    """Return the queries of one side, those of `_side`'s first four numbers first."""
    return [
        Query(variant, "Invocations", "Sum"),
        Query(variant, "InvocationModelErrors", "Sum"),
        Query(variant, "Invocation5XXErrors", "Sum"),
        Query(variant, "ModelLatency", "SampleCount"),
        *(Query(variant, "ModelLatency", f"{statistic}(:{round(ms * _MICROSECONDS)})") for ms in thresholds),
        *(Query(variant, "ModelLatency", name) for name in _QUANTILES if quantiles),
    ]


def _side(queries: list[Query], found: Points, at: int, thresholds: list[float]) -> SideCounts:
    """Put one side together.

    A model error is an answer that is not 2xx, a broken connection or a time-out; a 5XX is one of the container, which
    is a model error too, or of the platform, which is none. The larger of both counts nothing twice.

    Counts above a threshold are what is left of the trimmed count, which CloudWatch interpolates: whole numbers
    within [0, n] are made of them.
    """
    values = [points.get(at, 0.0) for points in found]
    n = round(values[0])
    answers = values[3]
    above = [
        [ms, _within(_over(query, value, answers), n)]
        for ms, query, value in zip(thresholds, queries[4:], values[4:], strict=False)
    ]
    percentiles = dict(zip(_QUANTILES, values[4 + len(thresholds) :], strict=False))
    return SideCounts(
        n=n,
        errors=_within(max(values[1], values[2]), n),
        above=above,
        quantiles={name: value / _MICROSECONDS for name, value in percentiles.items()} if answers else {},
        later=any(moment > at and value > 0 for moment, value in found[0].items()),
    )


def _over(query: Query, value: float, answers: float) -> float:
    """Return how many answers took longer than a threshold: TC counts those within it, PR is their percentage."""
    within = value if query.statistic.startswith("TC") else answers * value / 100
    return answers - within


def _within(value: float, most: int) -> int:
    return min(max(round(value), 0), most)
