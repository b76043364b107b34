"""The judge's sentences: what decided, and what is missing, with the numbers."""

from pressrun.rollout.configuration import Configuration
from pressrun.rollout.inputs import Poll
from pressrun.rollout.progress import Shown, limit_of
from pressrun.rollout.state import State
from pressrun.rollout.thresholds import QUANTILES, Asked
from pressrun.rollout.weighing import terms


def strongest_event(state: State, poll: Poll, config: Configuration, asked: Asked) -> str:
    """Name the event with the most evidence against the canary, with its counts."""
    _, kind, row, (k_canary, n_canary, k_control, n_control) = max(terms(state, config))
    canary, stable = of(k_canary, n_canary), of(k_control, n_control)
    if kind == "errors":
        now = f"{of(poll.canary.errors, poll.canary.n)}, {of(poll.control.errors, poll.control.n)}"
        return f"errors: {canary} answers of the canary, {stable} of stable; in this poll {now}"
    if kind == "predictions":
        return f"predictions: {canary} of the canary are {(config.labels or ())[row]!r}, {stable} of stable"
    at = QUANTILES.index(config.quantiles[row])
    return (
        f"latency, p{100 * QUANTILES[at]:g}: {canary} answers of the canary took over {_ms(asked['canary'], at)}, "
        f"{stable} of stable over {_ms(asked['control'], at)} ({percent(config.tol)} slower is tolerated)"
    )


def refused(state: State, event: str, limit: float) -> str:
    """Say why traffic goes back."""
    return f"{event}; evidence ln E = {state['ln_e']:.2f}, limit {limit:.2f}"


def ramping(state: State, poll: Poll, config: Configuration, allowed: float, incident: bool) -> str:
    """Say what decides the share of this poll."""
    if incident:
        return (
            f"incident: {of(poll.control.errors, poll.control.n)} answers of stable are errors; "
            f"the share stays at {percent(state['share'])}, bake and watch wait"
        )
    if not state["canary"]["n"]:
        return (
            f"nothing is known of the canary: {percent(state['share'])} of the traffic "
            f"serves about {config.budget:g} bad answers at most before it is taken back"
        )
    return (
        f"{of(state['canary']['errors'], state['canary']['n'])} answers of the canary were errors, so their rate is "
        f"below {percent(state['bound'])}, which allows {percent(allowed)} of the traffic "
        f"at {config.budget:g} bad answers a step; share {percent(state['share'])}"
    )


def gaps(state: State, poll: Poll, config: Configuration, found: Shown, incident: bool) -> list[str]:
    """Name what is still missing, each with its number."""
    told = []
    if not poll.canary.n and not poll.control.n:
        told.append("no traffic")
    elif not state["canary"]["n"]:
        told.append("no answers of the canary yet")
    if incident:
        told.append("incident time: stable itself fails")
    if state["phase"] == "watch":
        return [*told, f"watch {state['watched']:.0f} of {config.watch_seconds:.0f} s"]
    if not found.errors:
        told.append(
            f"too few answers: errors below {percent(state['bound'])} are shown, "
            f"{percent(limit_of(state, config))} is asked"
        )
    if not found.latency:
        told.append(f"latency not shown: p90 may be {percent(config.margin)} slower")
    if not found.baked:
        told.append(f"bake {state['baked']:.0f} of {config.bake_seconds:.0f} s at half the traffic")
    return told


def missing(seconds: float | None, rate: float, told: list[str]) -> str:
    """Say how many requests and how much time are missing, then what for."""
    parts = "; ".join(told) or "nothing: all conditions hold"
    if seconds is None or not rate or not told:
        return parts
    return f"about {rounded(seconds * rate):,} more requests, {_duration(seconds)} at this traffic: {parts}"


def percent(share: float) -> str:
    """Write a share with two digits that count."""
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def rounded(count: float) -> int:
    """Round to two digits that count."""
    return round(round(count), 2 - len(str(round(count))))


def of(events: int, answers: int) -> str:
    """Write a count with its share."""
    return f"{events:,} of {answers:,} ({percent(events / answers)})" if answers else "0 of 0"


def _ms(thresholds: list[float], at: int) -> str:
    return f"{thresholds[at]:.4g} ms" if thresholds else "their threshold"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
