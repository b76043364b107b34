"""Which state an alarm is in, from the data points of its evaluation range: M of N, and what missing data means.

The range is two periods longer than the evaluation periods; as long as it holds enough real points, the newest of them
decide and missing ones do not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

EXTRA_PERIODS = 2
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (lambda value, threshold: value > threshold, "greater than"),
    "GreaterThanOrEqualToThreshold": (lambda value, threshold: value >= threshold, "greater than or equal to"),
    "LessThanThreshold": (lambda value, threshold: value < threshold, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, threshold: value <= threshold, "less than or equal to"),
}


@dataclass(frozen=True)
class Rule:
    """What an alarm compares, and how many data points it takes."""

    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    treat_missing: str

    def breaches(self, value: float) -> bool:
        """Tell whether one data point is on the wrong side."""
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Verdict:
    """The state an alarm belongs in, and the data points that decided, oldest first as (period's start, value)."""

    state: str
    decided_by: tuple[tuple[int, float], ...]
    filled: int


def judge(rule: Rule, points: list[tuple[int, float | None]], current: str) -> Verdict:
    """Return the state that follows from the points of the evaluation range, oldest first, None where missing."""
    present = [(moment, value) for moment, value in points if value is not None]
    wanted = rule.evaluation_periods
    if len(present) >= wanted:
        newest = tuple(present[-wanted:])
        breaching = sum(rule.breaches(value) for _, value in newest)
        return Verdict("ALARM" if breaching >= rule.datapoints_to_alarm else "OK", newest, 0)
    state = _with_missing(rule, points, wanted - len(present), current)
    return Verdict(state, tuple(present), wanted - len(present))


def _with_missing(rule: Rule, points: list[tuple[int, float | None]], missing: int, current: str) -> str:
    """Return the state when fewer real points exist than the alarm evaluates."""
    values = [value for _, value in points if value is not None]
    breaching = sum(rule.breaches(value) for value in values)
    if breaching >= rule.datapoints_to_alarm:
        return "ALARM"
    if rule.treat_missing == "breaching":
        return "ALARM" if breaching + missing >= rule.datapoints_to_alarm else "OK"
    if rule.treat_missing == "notBreaching":
        return "OK"
    if not values:
        return current if rule.treat_missing == "ignore" else "INSUFFICIENT_DATA"
    if _only_breaching_since_long(rule, points):
        return current if rule.treat_missing == "ignore" else "ALARM"
    return "OK" if rule.treat_missing == "missing" or breaching < len(values) else current


def _only_breaching_since_long(rule: Rule, points: list[tuple[int, float | None]]) -> bool:
    """Tell whether the oldest point breaches, is at least M periods old, and all newer ones breach or are missing."""
    ages = [(len(points) - index, value) for index, (_, value) in enumerate(points) if value is not None]
    return ages[0][0] >= rule.datapoints_to_alarm and all(rule.breaches(value) for _, value in ages)
