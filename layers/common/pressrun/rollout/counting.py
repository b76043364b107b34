"""Counting answers above a latency with what CloudWatch knows: trimmed counts, percentile ranks, or percentiles."""

from bisect import bisect_left
from collections.abc import Sequence
from math import log

from pressrun.rollout.metrics import Query

# What to ask next where CloudWatch does not know a statistic.
FALLBACK = {"TC": "PR", "PR": "P"}
MICROSECONDS = 1000
_RANKS = (10, 25, 50, 75, 90, 95, 99)


def queries(variant: str, thresholds: list[float], statistic: str) -> list[Query]:
    """Return what to ask to count a variant's answers above thresholds in ms."""
    if statistic == "P":
        asked = [f"p{rank}" for rank in _RANKS] if thresholds else []
    else:
        asked = [f"{statistic}(:{round(ms * MICROSECONDS)})" for ms in thresholds]
    return [Query(variant, "ModelLatency", name) for name in asked]


def above(thresholds: list[float], statistic: str, values: Sequence[float], answers: float) -> list[float]:
    """Return how many answers took longer than each threshold.

    TC is the number of those within it, PR their percentage; percentiles are interpolated. All three are approximate.

    Args:
        thresholds: in ms.
        statistic: ``TC``, ``PR`` or ``P``.
        values: the answers to `queries`, in their order.
        answers: how many there are.
    """
    if statistic == "TC":
        return [answers - value for value in values]
    if statistic == "PR":
        return [answers * (1 - value / 100) for value in values]
    return [answers * (1 - rank_of(ms * MICROSECONDS, values) / 100) for ms in thresholds]


def rank_of(value: float, percentiles: Sequence[float]) -> float:
    """Return the percentage of answers up to a value, linear in its logarithm between two percentiles.

    Below the lowest and above the highest percentile it is half-way to the end: nothing is known there.

    Args:
        value: positive, in the percentiles' unit.
        percentiles: at `_RANKS`, rising.
    """
    place = bisect_left(percentiles, value)
    if place == 0:
        return _RANKS[0] / 2
    if place == len(percentiles):
        return (_RANKS[-1] + 100) / 2
    low, high = percentiles[place - 1], percentiles[place]
    part = log(value / low) / log(high / low) if low > 0 else 1.0
    return _RANKS[place - 1] + part * (_RANKS[place] - _RANKS[place - 1])
