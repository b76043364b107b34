"""What the judge is given, checked field by field: one poll of one rollout."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

MOST_ANSWERS = 10**15
_APPROXIMATE = 1.05  # CloudWatch's counts above a threshold are interpolated


class JudgeInputError(ValueError):
    """What the judge was given does not fit; the message says which field, and what was expected."""

    def __init__(self, field: str, found: object, expected: str) -> None:
        super().__init__(f"{field}: found {_shown(found)}, expected {expected}")
        self.field = field


class Side(NamedTuple):
    """What one variant did in a poll; latencies in ms."""

    n: int
    errors: int
    above: tuple[tuple[float, int], ...]
    quantiles: tuple[float, float, float] | None
    classes: Mapping[str, int] | None


class Poll(NamedTuple):
    """One look at both variants. t: seconds since the rollout began, at the poll's end; rate: requests a second."""

    number: int
    t: float
    weights: float | None
    rate: float
    config: Mapping[str, Any] | None
    control: Side
    canary: Side


def read_poll(raw: object) -> Poll:
    """Check a poll and return it.

    Raises:
        JudgeInputError: a key is missing, unknown, or its value does not fit.
    """
    given = fields("poll", raw, required={"number", "t", "weights", "rate", "control", "canary"}, optional={"config"})
    config = given.get("config")
    return Poll(
        number=whole("number", given["number"]),
        t=number("t", given["t"], 0, 1e12),
        weights=None if given["weights"] is None else number("weights", given["weights"], 0, 1),
        rate=number("rate", given["rate"], 0, 1e12),
        config=None if config is None else fields("config", config),
        control=_side("control", given["control"]),
        canary=_side("canary", given["canary"]),
    )


def fields(
    name: str, raw: object, required: set[str] | None = None, optional: set[str] | None = None
) -> Mapping[str, Any]:
    """Return a JSON object whose keys are known; without both sets any key will do."""
    if not isinstance(raw, Mapping):
        raise JudgeInputError(name, raw, "a JSON object")
    if required is None:
        return raw
    missing = sorted(required - raw.keys())
    if missing:
        raise JudgeInputError(name, sorted(map(str, raw)), f"the key {missing[0]!r}")
    known = required | (optional or set())
    unknown = sorted(map(str, raw.keys() - known))
    if unknown:
        raise JudgeInputError(f"{name}.{unknown[0]}", "an unknown key", f"one of {sorted(known)}")
    return raw


def number(field: str, raw: object, low: float, high: float) -> float:
    """Return a finite number within [low, high]."""
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not isfinite(raw) or not low <= raw <= high:
        raise JudgeInputError(field, raw, f"a number from {low:g} to {high:g}")
    return float(raw)


def whole(field: str, raw: object, high: int = MOST_ANSWERS) -> int:
    """Return a whole number from 0 on; JSON may carry it as 3.0."""
    value = number(field, raw, 0, high)
    if value != int(value):
        raise JudgeInputError(field, raw, f"a whole number from 0 to {high}")
    return int(value)


def _side(name: str, raw: object) -> Side:
    given = fields(name, raw, required={"n", "errors", "above"}, optional={"quantiles", "classes"})
    n = whole(f"{name}.n", given["n"])
    return Side(
        n=n,
        errors=whole(f"{name}.errors", given["errors"], n),
        above=_above(f"{name}.above", given["above"], n),
        quantiles=_quantiles(f"{name}.quantiles", given.get("quantiles")),
        classes=_classes(f"{name}.classes", given.get("classes")),
    )


def _above(field: str, raw: object, n: int) -> tuple[tuple[float, int], ...]:
    expected = "a list of [milliseconds, count]"
    if not isinstance(raw, list | tuple):
        raise JudgeInputError(field, raw, expected)
    pairs = []
    for at, pair in enumerate(raw):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise JudgeInputError(f"{field}[{at}]", pair, expected)
        count = number(f"{field}[{at}][1]", pair[1], 0, n * _APPROXIMATE + 1)
        pairs.append((number(f"{field}[{at}][0]", pair[0], 0, 1e12), min(round(count), n)))
    return tuple(pairs)


def _quantiles(field: str, raw: object) -> tuple[float, float, float] | None:
    if raw is None:
        return None
    given = fields(field, raw, required={"p50", "p90", "p99"})
    p50, p90, p99 = (number(f"{field}.{key}", given[key], 0, 1e9) for key in ("p50", "p90", "p99"))
    return p50, p90, p99


def _classes(field: str, raw: object) -> Mapping[str, int] | None:
    if raw is None:
        return None
    return {label: whole(f"{field}.{label}", count) for label, count in fields(field, raw).items()}


def _shown(found: object) -> str:
    text = found if isinstance(found, str) and " " in found else repr(found)
    return text if len(text) <= 80 else text[:77] + "..."
