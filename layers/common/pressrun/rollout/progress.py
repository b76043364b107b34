"""What is still missing before the canary may have more, and about how long that takes at this traffic."""

from math import ceil, log
from typing import NamedTuple

from pressrun.rollout.configuration import Configuration
from pressrun.rollout.evidence import ln_values
from pressrun.rollout.inputs import Poll
from pressrun.rollout.ramp import TOP_SHARE, WATCH_SHARE, error_limit, is_bounded
from pressrun.rollout.state import State

_CLEAN_BOUND = 7.5  # u n for n clean answers, from 50 to 3,000 of them
_MOST = 1e12


class Shown(NamedTuple):
    """Which of the conditions for nine tenths of the traffic hold."""

    errors: bool
    latency: bool
    baked: bool

    @property
    def all(self) -> bool:
        """Tell whether nothing is missing."""
        return self.errors and self.latency and self.baked


def shown(state: State, config: Configuration) -> Shown:
    """Check the conditions: errors bounded, p90 proven not slower than the margin, time at the top step."""
    return Shown(
        errors=state["bound"] <= limit_of(state, config),
        latency=ln_values(state["not_slower"])[0] >= log(1 / config.beta),
        baked=state["baked"] >= config.bake_seconds,
    )


def limit_of(state: State, config: Configuration) -> float:
    """Return the bound on errors that allows promotion."""
    return error_limit(config.err_margin, state["control"]["errors"], state["control"]["n"])


def seconds_missing(state: State, poll: Poll, config: Configuration, delay: float) -> float | None:
    """Estimate the time until the next part of the rollout at the present traffic; None where nothing can tell."""
    if state["phase"] == "watch":
        return config.watch_seconds - state["watched"]
    if not poll.rate:
        return None
    needed = _answers_missing(state, config)
    if needed is None:
        return None
    return max(_seconds_for(needed, state, poll.rate, delay, config.budget), config.bake_seconds - state["baked"])


def _answers_missing(state: State, config: Configuration) -> float | None:
    by_errors = _answers_for_errors(state, config)
    by_latency = _answers_for_latency(state, config)
    return None if by_errors is None or by_latency is None else max(by_errors, by_latency)


def _answers_for_errors(state: State, config: Configuration) -> float | None:
    """Return how many more answers at the present error rate bring the bound under its limit."""
    errors, answers = state["canary"]["errors"], max(state["canary"]["n"], 1)
    limit, share = limit_of(state, config), state["canary"]["errors"] / max(state["canary"]["n"], 1)
    if share >= limit:
        return None
    low, high = answers, answers
    while not is_bounded(ceil(share * high), high, config.beta, limit):
        low, high = high, high * 2
        if high > _MOST:
            return None
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        if is_bounded(max(errors, ceil(share * middle)), middle, config.beta, limit):
            high = middle
        else:
            low = middle
    return high - state["canary"]["n"]


def _answers_for_latency(state: State, config: Configuration) -> float | None:
    """Extend the evidence for "not slower" in proportion to the answers it came from; 0 before it is worth it."""
    value, answers = ln_values(state["not_slower"])[0], state["not_slower"]["tables"][0][1]
    needed = log(1 / config.beta)
    if value >= needed or not answers:
        return 0
    return answers * (needed / value - 1) if value > 0.1 else None


def _seconds_for(answers: float, state: State, rate: float, delay: float, budget: float) -> float:
    """Return the time for so many canary answers while the share grows as the ramp lets it.

    With u about 7.5 / n the allowed share is budget n / (7.5 rate d), so n grows as exp(t budget / (7.5 d)) until half
    of the traffic is reached, and in a straight line from there.
    """
    n = max(state["canary"]["n"], 1)
    top = TOP_SHARE * _CLEAN_BOUND * rate * delay / budget
    growing = _CLEAN_BOUND * delay / budget * log(max(min(top, n + answers) / n, 1))
    share = state["share"] if state["share"] > TOP_SHARE else TOP_SHARE
    return growing + max(n + answers - max(n, top), 0) / (min(share, WATCH_SHARE) * rate)
