"""The operators and functions of metric math, on numbers, series {timestamp: number} and lists of series."""

import itertools
import operator
from collections.abc import Callable
from typing import Any

Series = dict[int, float]
Value = Any

OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "<": lambda a, b: float(a < b),
    ">": lambda a, b: float(a > b),
    "<=": lambda a, b: float(a <= b),
    ">=": lambda a, b: float(a >= b),
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
}


def combine(act: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Apply an operator to numbers, series and lists; where one series has no point, the result has none."""
    if isinstance(left, list):
        return [combine(act, item, right) for item in left]
    if isinstance(right, list):
        return [combine(act, left, item) for item in right]
    if not isinstance(left, dict) and not isinstance(right, dict):
        return act(left, right)
    moments = left.keys() & right.keys() if isinstance(left, dict) and isinstance(right, dict) else None
    found = {}
    for moment in sorted(moments if moments is not None else left if isinstance(left, dict) else right):
        try:
            found[moment] = act(_at(left, moment), _at(right, moment))
        except ZeroDivisionError:
            continue
    return found


def _at(value: Value, moment: int) -> float:
    """Return a value's number at a moment."""
    return float(value[moment] if isinstance(value, dict) else value)


def _reduce(act: Callable[[list[float]], float], value: Value) -> Value:
    """Reduce a series to a number, or several series to one."""
    if isinstance(value, dict):
        return act(list(value.values())) if value else {}
    moments = sorted(set().union(*value))
    return {moment: act([series[moment] for series in value if moment in series]) for moment in moments}


def _choose(condition: Value, then: Value, otherwise: Value = None) -> Value:
    """Return IF: one of two values, per point when the condition is a series."""
    if not isinstance(condition, dict):
        return then if condition else {} if otherwise is None else otherwise
    found = {}
    for moment, held in condition.items():
        chosen = then if held else otherwise
        if chosen is not None and (not isinstance(chosen, dict) or moment in chosen):
            found[moment] = _at(chosen, moment)
    return found


def fill(value: Value, filler: Value, *, timestamps: list[int]) -> Value:
    """Return a series with its missing points filled: with a number, another series, or the point before."""
    if isinstance(value, list):
        return [fill(item, filler, timestamps=timestamps) for item in value]
    found: Series = {}
    last: float | None = None
    for moment in timestamps:
        if moment in value:
            last = found[moment] = value[moment]
        elif filler == "REPEAT":
            if last is not None:
                found[moment] = last
        elif not isinstance(filler, dict) or moment in filler:
            found[moment] = _at(filler, moment)
    return found


def _rate(value: Series) -> Series:
    """Return the change per second between neighbouring points."""
    moments = sorted(value)
    return {b: (value[b] - value[a]) / (b - a) for a, b in itertools.pairwise(moments)}


def _absolute(value: Value) -> Value:
    """Return the size of each number."""
    return combine(lambda number, _: abs(number), value, 0.0)


CALLS: dict[str, Callable[..., Value]] = {
    "SUM": lambda value: _reduce(sum, value),
    "AVG": lambda value: _reduce(lambda numbers: sum(numbers) / len(numbers), value),
    "MIN": lambda value: _reduce(min, value),
    "MAX": lambda value: _reduce(max, value),
    "ABS": _absolute,
    "IF": _choose,
    "RATE": _rate,
}
