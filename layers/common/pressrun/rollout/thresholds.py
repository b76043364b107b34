"""Latency thresholds that are known before the poll they are used in.

A test stays valid with any threshold that was chosen before its poll, and is sharp with a good one: the stable
variant's own quantiles, followed by counts alone.
"""

from math import exp, log, log1p
from typing import TypedDict

from pressrun.rollout.inputs import Side

QUANTILES = (0.5, 0.9, 0.99)
FORM_ANSWERS = 50
_STEEPNESS = (0.8, 0.35, 0.05)  # density of ln latency at each quantile, for log-normal latencies of log sd .5
_USUAL_WIDTH = 0.64  # ln p90 - ln p50 of the same
_FEW = 20
_SHORTEST_MS = 0.001
_RANGE = (log(_SHORTEST_MS), log(1e9))


class Thresholds(TypedDict):
    """theta: ln of the stable variant's p50, p90, p99 in ms. weight, answers: what they were formed from."""

    theta: list[float]
    weight: float
    answers: int


class Asked(TypedDict):
    """Latencies in ms above which the next poll counts, for each side."""

    control: list[float]
    canary: list[float]


def unformed() -> Thresholds:
    """Return thresholds that know nothing yet."""
    return {"theta": [], "weight": 0.0, "answers": 0}


def are_formed(thresholds: Thresholds) -> bool:
    """Tell whether there were answers enough to test against."""
    return thresholds["answers"] >= FORM_ANSWERS


def learned(thresholds: Thresholds, control: Side, seconds: float) -> Thresholds:
    """Return the thresholds for the next poll, after this poll was judged with the old ones."""
    if not are_formed(thresholds):
        return _formed(thresholds, control, seconds)
    if not control.above:
        return thresholds
    counts = [count for _, count in control.above]
    return {**thresholds, "theta": followed(thresholds["theta"], counts, control.n, seconds)}


def followed(theta: list[float], counts: list[int], answers: int, seconds: float) -> list[float]:
    """Move each threshold by the count above it.

    theta_q += g clip((k_q - n (1 - q)) / (f_q max(n, 20)), -1, 1),   f = .8, .35, .05
    g = g0 clip((theta_.9 - theta_.5) / .64, .2, 4),   g0 = .15 at polls of 10 s .. .30 at 60 s

    Args:
        theta: natural logarithms of milliseconds, for q = .5, .9, .99.
        counts: k_q, the stable variant's answers above each.
        answers: n, the stable variant's answers.
        seconds: length of the poll.

    Source: Robbins and Monro, A stochastic approximation method, Ann. Math. Stat. 1951, with a constant step.
    """
    width = clipped((theta[1] - theta[0]) / _USUAL_WIDTH, 0.2, 4)
    g = by_poll_length(seconds, 0.15, 0.30) * width
    return [
        clipped(here + g * clipped((k - answers * (1 - q)) / (f * max(answers, _FEW)), -1, 1), *_RANGE)
        for here, k, q, f in zip(theta, counts, QUANTILES, _STEEPNESS, strict=True)
    ]


def asked(thresholds: Thresholds, tol: float, margin: float) -> Asked:
    """Return what the next poll has to count, in ms to the microsecond; nothing until the thresholds are formed.

    Stable: above tau_q. Canary: above tau_q (1 + tol) for each q, then above tau_.9 (1 + margin).
    """
    if not are_formed(thresholds):
        return {"control": [], "canary": []}
    theta = thresholds["theta"]
    raised = [value + log1p(tol) for value in theta]
    return {
        "control": [_milliseconds(value) for value in theta],
        "canary": [_milliseconds(value) for value in (*raised, theta[1] + log1p(margin))],
    }


def by_poll_length(seconds: float, at_10: float, at_60: float) -> float:
    """Interpolate a constant that is known for polls of 10 s and of 60 s."""
    return at_10 + (at_60 - at_10) * clipped((seconds - 10) / 50, 0, 1)


def clipped(value: float, low: float, high: float) -> float:
    """Return the nearest value within [low, high]."""
    return min(max(value, low), high)


def _formed(thresholds: Thresholds, control: Side, seconds: float) -> Thresholds:
    """Average the logs of the stable variant's percentiles, each poll weighted by its answers, older ones fading."""
    if control.quantiles is None or not control.n:
        return thresholds
    logs = [log(max(value, _SHORTEST_MS)) for value in control.quantiles]
    faded = thresholds["weight"] * by_poll_length(seconds, 0.95, 0.75)
    weight = faded + control.n
    before = thresholds["theta"] or logs
    return {
        "theta": [(faded * old + control.n * new) / weight for old, new in zip(before, logs, strict=True)],
        "weight": weight,
        "answers": thresholds["answers"] + control.n,
    }


def _milliseconds(theta: float) -> float:
    return max(round(exp(theta), 3), _SHORTEST_MS)
