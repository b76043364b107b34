import json
from math import isfinite
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.rollout.judge import decide
from tests.unit.rollout.polls import Json, poll, side

SIZES = st.sampled_from([0, 1, 2, 7, 50, 1000, 10**9])
SHARES = st.sampled_from([0.0, 0.001, 0.1, 0.5, 1.0])
VERDICTS = {"continue", "promote", "roll_back", "inconclusive"}
CONFIG = {"warmup_seconds": 0, "bake_seconds": 20, "watch_seconds": 20, "labels": ["a"], "deadline_seconds": 200}
NOTHING: Json = {"control": [], "canary": []}

Turn = tuple[int, int, float, float, float, float | None]
TURNS = st.lists(
    st.tuples(SIZES, SIZES, SHARES, SHARES, SHARES, st.sampled_from([None, 0.0, 0.002, 0.1, 0.5, 0.9])), max_size=30
)


def polled(number: int, turn: Turn, thresholds: Json) -> Json:
    n_control, n_canary, stable_errors, errors, slow, weights = turn

    def answers(name: str, n: int, failing: float) -> Json:
        above = [[ms, int(slow * n)] for ms in thresholds[name]]
        classes = {"a": int(slow * n), "b": n - int(slow * n)}
        return side(n, int(failing * n), above, classes=classes, quantiles={"p50": 0, "p90": 1, "p99": 1e9})

    config = {"config": CONFIG} if number == 1 else {}
    control, canary = answers("control", n_control, stable_errors), answers("canary", n_canary, errors)
    return poll(number, control, canary, **{"weights": weights, **config})


def every_number(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in every_number(item)]
    if isinstance(value, list):
        return [found for item in value for found in every_number(item)]
    return [value] if isinstance(value, int | float) else []


@settings(deadline=None)
@given(TURNS)
def test_any_history_gives_a_finite_state_and_a_decision(turns: list[Turn]) -> None:
    state: Json | None = None
    thresholds: Json = NOTHING
    for number, turn in enumerate(turns, start=1):
        state, decision = decide(state, polled(number, turn, thresholds))
        thresholds = decision["thresholds"]
        assert decision["verdict"] in VERDICTS
        assert all(isfinite(found) for found in every_number(state))
        assert json.loads(json.dumps(state, allow_nan=False)) == state
        assert len(json.dumps(state)) <= 8000


@settings(deadline=None)
@given(TURNS)
def test_any_history_goes_back_only_by_a_refusal(turns: list[Turn]) -> None:
    state: Json | None = None
    thresholds: Json = NOTHING
    for number, turn in enumerate(turns, start=1):
        state, decision = decide(state, polled(number, turn, thresholds))
        thresholds = decision["thresholds"]
        in_force = turn[-1]
        if decision["verdict"] == "continue" and in_force is not None and in_force <= 0.9:
            assert decision["share"] >= in_force


@settings(deadline=None)
@given(TURNS)
def test_a_canary_without_answers_is_never_promoted(turns: list[Turn]) -> None:
    state: Json | None = None
    thresholds: Json = NOTHING
    for number, (n_control, _, stable_errors, errors, slow, weights) in enumerate(turns, start=1):
        silent = (n_control, 0, stable_errors, errors, slow, weights)
        state, decision = decide(state, polled(number, silent, thresholds))
        thresholds = decision["thresholds"]
        assert decision["verdict"] != "promote"


@settings(deadline=None)
@given(TURNS, st.integers(1, 1000), st.integers(0, 1000), st.integers(1, 1000))
def test_more_errors_never_raise_the_share(turns: list[Turn], n: int, fewer: int, more: int) -> None:
    state: Json | None = None
    thresholds: Json = NOTHING
    for number, turn in enumerate(turns, start=1):
        state, decision = decide(state, polled(number, turn, thresholds))
        thresholds = decision["thresholds"]
    number, fewer = len(turns) + 1, min(fewer, n)
    config = {"config": CONFIG} if number == 1 else {}

    def share(errors: int) -> float:
        last = poll(number, side(1000), side(n, errors), **{"weights": 0.002, **config})
        return float(decide(state, last)[1]["share"])

    assert share(min(fewer + more, n)) <= share(fewer)


@settings(deadline=None)
@given(TURNS)
def test_a_state_restored_from_json_decides_alike(turns: list[Turn]) -> None:
    kept: Json | None = None
    stored = "null"
    thresholds: Json = NOTHING
    for number, turn in enumerate(turns, start=1):
        given_poll = polled(number, turn, thresholds)
        kept, decision = decide(kept, given_poll)
        again, same = decide(json.loads(stored), given_poll)
        stored, thresholds = json.dumps(again), decision["thresholds"]
        assert (again, same) == (kept, decision)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 3)), min_size=2, max_size=8), st.randoms())
def test_the_order_of_polls_does_not_matter_to_the_bound(answers: list[tuple[int, int]], random: Any) -> None:
    def bound(order: list[tuple[int, int]]) -> float:
        state = None
        for number, (n, errors) in enumerate(order, start=1):
            state, _ = decide(state, poll(number, side(1000), side(n, min(errors, n)), weights=None))
        assert state is not None
        return float(state["bound"])

    shuffled = list(answers)
    random.shuffle(shuffled)
    assert bound(answers) == bound(shuffled)
