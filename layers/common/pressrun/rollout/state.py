"""What the judge remembers of a rollout between two polls: one JSON object of a few kilobytes."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, cast

from pressrun.rollout.configuration import Configuration, with_labels
from pressrun.rollout.evidence import Evidence, fresh
from pressrun.rollout.inputs import JudgeInputError, Poll, fields
from pressrun.rollout.thresholds import Asked, Thresholds, unformed

FORMAT = 1
ERROR_PSIS = (1.6, 2.5, 4, 8, 30, 150)
LATENCY_PSIS = (1.2, 1.5, 2.2, 5)
CLASS_PSIS = (2.2, 5)
NOT_SLOWER_PSIS = (0.85, 0.7, 0.5, 0.3)

Phase = Literal["ramp", "watch", "promoted", "rolled_back"]
Verdict = Literal["continue", "promote", "roll_back", "inconclusive"]


class Decision(TypedDict):
    """What the judge answers: verdict, the canary's share wanted, why, what is missing, what to count next."""

    verdict: Verdict
    share: float
    reason: str
    missing: str | None
    thresholds: Asked


class Counters(TypedDict):
    """Answers and errors, outside incidents."""

    n: int
    errors: int


class Tally(TypedDict):
    """Predictions of both sides since they were last compared, under one share."""

    weights: float
    seconds: float
    control: list[int]
    canary: list[int]


class State(TypedDict):
    """One rollout. Times in seconds of the rollout's clock; ``share`` is the one last asked for."""

    format: int
    number: int
    t: float
    config: dict[str, Any]
    phase: Phase
    share: float
    canary_since: float | None
    control: Counters
    canary: Counters
    baked: float
    watched: float
    thresholds: Thresholds
    errors: Evidence
    latency: Evidence
    not_slower: Evidence
    classes: Evidence
    tally: Tally | None
    ln_e: float
    bound: float
    decision: Decision


def opened(poll: Poll, config: Configuration) -> State:
    """Start a rollout with its first poll, numbered 0 or 1."""
    if poll.number > 1:
        raise JudgeInputError("number", poll.number, "0 or 1 for a first poll, or the state before it")
    config = with_labels(config, poll.control.classes)
    return {
        "format": FORMAT,
        "number": poll.number - 1,
        "t": 0.0,
        "config": config.as_json(),
        "phase": "ramp",
        "share": 0.0,
        "canary_since": None,
        "control": {"n": 0, "errors": 0},
        "canary": {"n": 0, "errors": 0},
        "baked": 0.0,
        "watched": 0.0,
        "thresholds": unformed(),
        "errors": fresh(1, len(ERROR_PSIS), 0.5),
        "latency": fresh(len(config.quantiles), len(LATENCY_PSIS), 0.5),
        "not_slower": fresh(1, len(NOT_SLOWER_PSIS), 0.99),
        "classes": fresh(len(config.labels or ()), len(CLASS_PSIS), 0.5),
        "tally": None,
        "ln_e": 0.0,
        "bound": 1.0,
        "decision": {
            "verdict": "continue",
            "share": 0.0,
            "reason": "",
            "missing": None,
            "thresholds": {"control": [], "canary": []},
        },
    }


def restored(raw: object) -> State:
    """Return a copy of a state that `decide` returned before."""
    given = fields("state", raw, required=set(State.__annotations__))
    if given["format"] != FORMAT:
        raise JudgeInputError("state.format", given["format"], f"{FORMAT}, a rollout that this judge began")
    return cast("State", copied(given))


def copied(value: Any) -> Any:
    """Copy JSON data."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list | tuple) else value
