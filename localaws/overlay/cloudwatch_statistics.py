"""CloudWatch's statistics over the data points of one period.

A point is a value with a count, or a statistic set; sets know no values, so nothing that needs values comes of them
unless all their values are equal.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

Point = dict[str, Any]


class Sample(NamedTuple):
    """A value and how often it was seen."""

    value: float
    weight: float


class UnknownStatisticError(Exception):
    """CloudWatch has no statistic of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The value {name} for parameter Stat is not a valid statistic.")


class Range(NamedTuple):
    """The part of the values a trimmed statistic keeps, in values or in percent."""

    low: float | None
    high: float | None
    in_percent: bool


_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
_SHORT = re.compile(r"(tm|tc|ts|wm)(\d{1,2}(?:\.\d+)?|100)")
_RANGED = re.compile(r"(TM|TC|TS|WM|PR)\((-?[\d.]*)(%?):(-?[\d.]*)(%?)\)")


def of_points(points: list[Point], name: str) -> float | None:
    """Return a statistic of points; None when they have none. Raises UnknownStatisticError."""
    compute = _BASIC.get(name)
    if compute:
        return compute(points) if sum(_count(point) for point in points) > 0 else None
    kind, bounds = parse(name)
    samples = _samples(points)
    if not samples:
        return None
    if kind == "p":
        return percentile(samples, float(bounds.high or 0))
    return _TRIMMED[kind](samples, bounds)


def parse(name: str) -> tuple[str, Range]:
    """Split the name of an extended statistic into its kind and its range. Raises UnknownStatisticError."""
    if name in _BASIC:
        return name, Range(None, None, in_percent=False)
    if match := _PERCENTILE.fullmatch(name):
        return "p", Range(None, float(match[1]), in_percent=True)
    if match := _SHORT.fullmatch(name):
        low = 100 - float(match[2]) if match[1] == "wm" else None
        return match[1].upper(), Range(low, float(match[2]), in_percent=True)
    if name == "IQM":
        return "TM", Range(25.0, 75.0, in_percent=True)
    match = _RANGED.fullmatch(name)
    if not match or not (match[2] or match[4]):
        raise UnknownStatisticError(name)
    in_percent = bool(match[3] or match[5])
    if (match[1] == "PR" and in_percent) or (match[1] == "WM" and not in_percent):
        raise UnknownStatisticError(name)
    return match[1], Range(_number(match[2], name), _number(match[4], name), in_percent)


def percentile(samples: list[Sample], percent: float) -> float:
    """Return a percentile, interpolated between the two nearest ranks as if each value stood `count` times."""
    ordered = sorted(samples)
    rank = percent / 100 * (sum(sample.weight for sample in ordered) - 1)
    low = _at(ordered, int(max(rank, 0)))
    return low + (max(rank, 0) % 1) * (_at(ordered, int(max(rank, 0)) + 1) - low)


def _at(ordered: list[Sample], index: int) -> float:
    """Return the value at an index of the values written out."""
    seen = 0.0
    for value, count in ordered:
        seen += count
        if index < seen:
            return value
    return ordered[-1].value


def _number(text: str, name: str) -> float | None:
    """Return a bound of a range; an empty one is open."""
    try:
        return float(text) if text else None
    except ValueError:
        raise UnknownStatisticError(name) from None


def _kept(samples: list[Sample], bounds: Range) -> list[Sample]:
    """Return the samples inside a range: above its lower bound, up to and with its upper one."""
    if not bounds.in_percent:
        low = float("-inf") if bounds.low is None else bounds.low
        high = float("inf") if bounds.high is None else bounds.high
        return [sample for sample in samples if low < sample.value <= high]
    total = sum(sample.weight for sample in samples)
    first, last = total * (bounds.low or 0) / 100, total * (100 if bounds.high is None else bounds.high) / 100
    kept, seen = [], 0.0
    for value, count in sorted(samples):
        inside = min(seen + count, last) - max(seen, first)
        if inside > 0:
            kept.append(Sample(value, inside))
        seen += count
    return kept


def _trimmed_mean(samples: list[Sample], bounds: Range) -> float | None:
    """Return the mean of the kept values."""
    kept = _kept(samples, bounds)
    return sum(v * c for v, c in kept) / sum(c for _, c in kept) if kept else None


def _winsorized_mean(samples: list[Sample], bounds: Range) -> float:
    """Return the mean with the values outside the range moved to its ends."""
    low = percentile(samples, bounds.low or 0)
    high = percentile(samples, 100 if bounds.high is None else bounds.high)
    return sum(min(max(v, low), high) * c for v, c in samples) / sum(c for _, c in samples)


def _percentile_rank(samples: list[Sample], bounds: Range) -> float:
    """Return how many percent of the values lie inside the range."""
    return 100 * sum(c for _, c in _kept(samples, bounds)) / sum(c for _, c in samples)


def _count(point: Point) -> float:
    """Return how many values a point stands for."""
    return float(point["_stat"].get("SampleCount", 0) if point.get("_stat") else point.get("Count", 1.0))


def _sum(point: Point) -> float:
    """Return the sum of a point's values."""
    return float(point["_stat"].get("Sum", 0)) if point.get("_stat") else point["Value"] * _count(point)


def _end(point: Point, name: str) -> float:
    """Return the smallest or the largest of a point's values."""
    return float(point["_stat"][name] if point.get("_stat") else point["Value"])


def _samples(points: list[Point]) -> list[Sample] | None:
    """Return the values of points, or None when some are not known."""
    found = []
    for point in points:
        count = _count(point)
        if count <= 0:
            continue
        low = _end(point, "Minimum")
        if point.get("_stat") and not (low == _end(point, "Maximum") and _sum(point) == low * count):
            return None
        found.append(Sample(low, count))
    return found


_BASIC: dict[str, Callable[[list[Point]], float]] = {
    "SampleCount": lambda points: sum(_count(point) for point in points),
    "Sum": lambda points: sum(_sum(point) for point in points),
    "Average": lambda points: sum(_sum(point) for point in points) / sum(_count(point) for point in points),
    "Minimum": lambda points: min(_end(point, "Minimum") for point in points if _count(point)),
    "Maximum": lambda points: max(_end(point, "Maximum") for point in points if _count(point)),
}
_TRIMMED: dict[str, Callable[[list[Sample], Range], float | None]] = {
    "TM": _trimmed_mean,
    "WM": _winsorized_mean,
    "PR": _percentile_rank,
    "TC": lambda samples, bounds: sum(sample.weight for sample in _kept(samples, bounds)),
    "TS": lambda samples, bounds: sum(sample.value * sample.weight for sample in _kept(samples, bounds)),
}
