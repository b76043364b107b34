"""The judge of a rollout: one call a poll says how much traffic the canary may have, or that it goes back.

`decide` is pure: JSON in, JSON out, nothing but the standard library. The statistics are those of an always-valid
test: of all rollouts of sound canaries at most ``alpha`` are ever rolled back, however often one looks. Formulas stand
where they are computed: `evidence` (e-values and e-processes), `weighing` (what a poll adds), `thresholds` (latencies
to count above), `ramp` (errors' upper bound, share, incidents). Shapes: `judge_poll.schema.json`,
`judge_state.schema.json`, `judge_decision.schema.json`.
"""

from collections.abc import Mapping
from math import log
from typing import Any, cast

from pressrun.rollout import explanations
from pressrun.rollout.configuration import Configuration, read_configuration
from pressrun.rollout.inputs import JudgeInputError, Poll, read_poll
from pressrun.rollout.progress import seconds_missing, shown
from pressrun.rollout.ramp import TOP_SHARE, WATCH_SHARE, allowed_share, is_incident, next_share, upper_bound
from pressrun.rollout.state import Decision, State, Verdict, copied, opened, restored
from pressrun.rollout.thresholds import are_formed, asked, learned
from pressrun.rollout.weighing import check_thresholds, ln_union, weigh_classes, weigh_errors, weigh_latency

FIRST_POLL_SECONDS = 10.0
_ALMOST = 1 - 1e-3  # weights in force are quotients of weights, and never quite the share asked for


def decide(state: Mapping[str, Any] | None, poll: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Judge one poll.

    Args:
        state: what the poll before returned; None for a rollout's first poll.
        poll: `judge_poll.schema.json`. Its number is the one before plus 1; the same number again changes nothing and
            repeats its decision. ``config`` comes with the first poll only.

    Returns:
        The state to keep, at most 8 kB as JSON, and the decision.

    Raises:
        JudgeInputError: a ValueError that says which field does not fit, what it holds, and what was expected.
    """
    given = read_poll(poll)
    if state is None:
        now = opened(given, read_configuration(given.config))
    else:
        now = restored(state)
        if given.number == now["number"]:
            return cast("dict[str, Any]", now), copied(now["decision"])
        _check_order(now, given)
    now["decision"] = _judge(now, given, read_configuration(now["config"]))
    now["number"], now["t"] = given.number, given.t
    return cast("dict[str, Any]", now), copied(now["decision"])


def _check_order(state: State, poll: Poll) -> None:
    if poll.number != state["number"] + 1:
        raise JudgeInputError("number", poll.number, f"{state['number']} again or {state['number'] + 1} next")
    if poll.t <= state["t"]:
        raise JudgeInputError("t", poll.t, f"more than {state['t']:g} s, the end of the poll before")
    if poll.config is not None and read_configuration({**state["config"], **poll.config}).as_json() != state["config"]:
        raise JudgeInputError("config", dict(poll.config), "no change after the first poll")


def _judge(state: State, poll: Poll, config: Configuration) -> Decision:
    """Take one poll in, in the order that keeps every threshold and counter older than what it is compared with."""
    if state["phase"] in {"promoted", "rolled_back"}:
        return _over(state)
    seconds = poll.t - state["t"] or FIRST_POLL_SECONDS
    before = state["decision"]["thresholds"]
    check_thresholds("control", poll.control, before)
    check_thresholds("canary", poll.canary, before)
    incident = is_incident(poll.control.errors, poll.control.n, state["control"]["errors"], state["control"]["n"])
    _weigh(state, poll, config, seconds)
    if not incident:
        _count(state, poll)
    state["thresholds"] = learned(state["thresholds"], poll.control, seconds)
    state["ln_e"] = ln_union(state, config)
    state["bound"] = upper_bound(state["canary"]["errors"], state["canary"]["n"], config.beta)
    limit = log(1 / config.alpha)
    if state["ln_e"] >= limit:
        event = explanations.strongest_event(state, poll, config, before)
        return _roll_back(state, config, explanations.refused(state, event, limit))
    if not incident:
        _run_clocks(state, poll, seconds)
    return _advance(state, poll, config, seconds + config.lag_seconds + config.actuation_seconds, incident)


def _weigh(state: State, poll: Poll, config: Configuration, seconds: float) -> None:
    """Test what can be compared: both sides answered, under one share for the whole poll, after the warm-up."""
    if state["canary_since"] is None and poll.canary.n:
        state["canary_since"] = state["t"]
    if poll.weights is None:
        state["tally"] = None
        return
    if not poll.canary.n or not poll.control.n:
        return
    weigh_errors(state, poll)
    if state["t"] - (state["canary_since"] or 0.0) < config.warmup_seconds:
        return
    if are_formed(state["thresholds"]) and poll.control.above and poll.canary.above:
        weigh_latency(state, poll, config, seconds)
    weigh_classes(state, poll, config, seconds)


def _count(state: State, poll: Poll) -> None:
    """Feed the counters behind the bound, outside incidents; a poll in which the weights changed counts too."""
    for counters, side in ((state["control"], poll.control), (state["canary"], poll.canary)):
        counters["n"] += side.n
        counters["errors"] += side.errors


def _run_clocks(state: State, poll: Poll, seconds: float) -> None:
    """Let bake and watch go on while the canary answers at the share they ask for."""
    if poll.weights is None or not poll.canary.n:
        return
    if state["phase"] == "watch" and poll.weights >= WATCH_SHARE * _ALMOST:
        state["watched"] += seconds
    elif state["phase"] == "ramp" and poll.weights >= TOP_SHARE * _ALMOST:
        state["baked"] += seconds


def _advance(state: State, poll: Poll, config: Configuration, delay: float, incident: bool) -> Decision:
    """Decide what a rollout that is not refused does next."""
    allowed = allowed_share(state["bound"], poll.rate, delay, config.budget, config.share_floor)
    found = shown(state, config)
    if state["phase"] == "watch" and state["watched"] >= config.watch_seconds and not incident and poll.canary.n:
        state["phase"], state["share"] = "promoted", 1.0
        reason = f"sound for {state['watched']:.0f} s at nine tenths of the traffic"
        return _decision(state, config, "promote", reason)
    told = explanations.gaps(state, poll, config, found, incident)
    missing = explanations.missing(seconds_missing(state, poll, config, delay), poll.rate, told)
    deadline = config.deadline_seconds + (config.watch_seconds if state["phase"] == "watch" else 0)
    if poll.t >= deadline:
        return _overdue(state, poll, config, deadline, missing)
    if state["phase"] == "ramp" and incident:
        _hold(state, poll)
    elif state["phase"] == "ramp":
        _climb(state, poll, config, allowed, found.all)
    return _decision(state, config, "continue", explanations.ramping(state, poll, config, allowed, incident), missing)


def _climb(state: State, poll: Poll, config: Configuration, allowed: float, ready: bool) -> None:
    if ready:
        state["phase"], state["share"] = "watch", WATCH_SHARE
    else:
        state["share"] = next_share(state["share"], poll.weights, allowed, config.share_step)


def _hold(state: State, poll: Poll) -> None:
    """Keep the weights in force; a raise that is not in force yet is withdrawn."""
    if poll.weights is not None:
        state["share"] = poll.weights


def _overdue(state: State, poll: Poll, config: Configuration, deadline: float, missing: str) -> Decision:
    """Ask the operator at the first deadline, with the weights as they are; go back at the second."""
    if poll.t >= deadline + config.deadline_seconds:
        reason = f"no answer {config.deadline_seconds:.0f} s after the deadline; missing: {missing}"
        return _roll_back(state, config, reason)
    _hold(state, poll)
    reason = f"neither proven sound nor refused {deadline:.0f} s after the rollout began"
    return _decision(state, config, "inconclusive", reason, missing)


def _roll_back(state: State, config: Configuration, reason: str) -> Decision:
    state["phase"], state["share"] = "rolled_back", 0.0
    return _decision(state, config, "roll_back", reason)


def _over(state: State) -> Decision:
    """Answer after the end: a refusal stands, a promotion is not given twice."""
    if state["phase"] == "rolled_back":
        return state["decision"]
    return {**state["decision"], "verdict": "continue", "reason": "promoted before; nothing is judged any more"}


def _decision(
    state: State, config: Configuration, verdict: Verdict, reason: str, missing: str | None = None
) -> Decision:
    return {
        "verdict": verdict,
        "share": state["share"],
        "reason": reason,
        "missing": missing,
        "thresholds": asked(state["thresholds"], config.tol, config.margin),
    }
