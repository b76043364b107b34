from typing import Any

import pytest

from pressrun.rollout.inputs import JudgeInputError
from pressrun.rollout.judge import decide
from tests.unit.rollout.polls import Json, Rollout, poll, side


def changed(**more: Any) -> Json:
    return {**poll(1, side(95), side(5)), **more}


NAN, INF = float("nan"), float("inf")

BAD: list[tuple[Any, str]] = [
    (None, "poll: found None, expected a JSON object"),
    ([], "poll: found \\[\\], expected a JSON object"),
    ({}, "expected the key 'canary'"),
    (changed(extra=1), "poll.extra: found an unknown key, expected one of"),
    (changed(number="1"), "number: found '1', expected a number from 0"),
    (changed(number=1.5), "number: found 1.5, expected a whole number"),
    (changed(number=2), "number: found 2, expected 0 or 1 for a first poll"),
    (changed(number=True), "number: found True"),
    (changed(t=-1), "t: found -1, expected a number from 0"),
    (changed(t=NAN), "t: found nan"),
    (changed(weights=1.1), "weights: found 1.1, expected a number from 0 to 1"),
    (changed(weights={"canary": 0.1}), "weights: found {'canary': 0.1}"),
    (changed(rate=INF), "rate: found inf"),
    (changed(rate=None), "rate: found None"),
    (changed(control=None), "control: found None, expected a JSON object"),
    (changed(canary={"n": 5, "errors": 0}), "canary: .* expected the key 'above'"),
    (changed(canary=side(5, 6)), "canary.errors: found 6, expected a number from 0 to 5"),
    (changed(canary=side(-5)), "canary.n: found -5"),
    (changed(canary=side(5, surprise=1)), "canary.surprise: found an unknown key"),
    (changed(control={**side(95), "above": {}}), "control.above: found {}, expected a list"),
    (changed(control=side(95, above=[[80]])), "control.above\\[0\\]: found \\[80\\], expected a list of"),
    (changed(control=side(95, above=[[80, 200]])), "control.above\\[0\\]\\[1\\]: found 200"),
    (changed(control=side(95, above=[[-1, 2]])), "control.above\\[0\\]\\[0\\]: found -1"),
    (changed(control=side(95, above=[[80, 2]])), "control.above: found \\[80.0\\], expected counts above \\[\\] ms"),
    (changed(control=side(95, quantiles={"p50": 1})), "control.quantiles: .* expected the key 'p90'"),
    (changed(control=side(95, quantiles={"p50": 1, "p90": NAN, "p99": 3})), "control.quantiles.p90: found nan"),
    (changed(control=side(95, classes=["a"])), "control.classes: found \\['a'\\]"),
    (changed(control=side(95, classes={"a": -1})), "control.classes.a: found -1"),
    (changed(config=7), "config: found 7, expected a JSON object"),
    (changed(config={"alhpa": 0.1}), "config.alhpa: found an unknown key, expected one of \\['actuation_seconds'"),
    (changed(config={"alpha": 0}), "config.alpha: found 0, expected a number from 1e-09 to 0.5"),
    (changed(config={"cap": 0}), "config.cap: found 0"),
    (changed(config={"quantiles": [0.75]}), "config.quantiles: found \\[0.75\\], expected some of"),
    (changed(config={"quantiles": []}), "config.quantiles: found \\[\\]"),
    (changed(config={"quantiles": [[]]}), "config.quantiles"),
    (changed(config={"evidence_weights": [0.5, 0.5]}), "config.evidence_weights: .* expected three numbers"),
    (changed(config={"evidence_weights": [0.5, 0.4, 0.2]}), "config.evidence_weights: .* at most 1"),
    (changed(config={"labels": ["a", "a"]}), "config.labels: found 'a', expected at most 16 different labels"),
    (changed(config={"labels": ["x" * 65]}), "config.labels: found 'xxx"),
    (changed(config={"labels": [str(n) for n in range(17)]}), "config.labels"),
]


@pytest.mark.parametrize(("bad", "message"), BAD)
def test_a_bad_poll_is_refused_by_field_value_and_expectation(bad: Any, message: str) -> None:
    with pytest.raises(JudgeInputError, match=message):
        decide(None, bad)


def test_an_input_error_is_a_value_error() -> None:
    assert issubclass(JudgeInputError, ValueError)


@pytest.mark.parametrize("number", [1, 4])
def test_a_poll_out_of_order_is_refused(number: int) -> None:
    rollout = Rollout()
    rollout.poll()
    rollout.poll()
    with pytest.raises(JudgeInputError, match=f"number: found {number}, expected 2 again or 3 next"):
        decide(rollout.state, {**rollout.last, "number": number})


def test_a_clock_that_stands_still_is_refused() -> None:
    rollout = Rollout()
    rollout.poll()
    with pytest.raises(JudgeInputError, match=r"t: found 10.0, expected more than 10 s"):
        decide(rollout.state, {**rollout.last, "number": 2, "config": None})


def test_a_configuration_cannot_change_during_a_rollout() -> None:
    rollout = Rollout(alpha=0.01)
    rollout.poll()
    following = {**rollout.last, "number": 2, "t": 20.0}
    decide(rollout.state, {**following, "config": {"alpha": 0.01}})
    with pytest.raises(JudgeInputError, match=r"config: found {'alpha': 0\.05}, expected no change"):
        decide(rollout.state, {**following, "config": {"alpha": 0.05}})


def test_counts_above_other_latencies_than_asked_are_refused() -> None:
    rollout = Rollout()
    rollout.poll()
    asked = rollout.decision["thresholds"]["control"]
    above = [[ms + 1, 5] for ms in asked]
    with pytest.raises(JudgeInputError, match=r"control.above: .* as the last decision asked"):
        decide(rollout.state, poll(2, side(95, above=above), side(5)))


def test_approximate_counts_are_rounded_into_what_is_possible() -> None:
    rollout = Rollout()
    rollout.poll()
    above = [[ms, 95.4] for ms in rollout.decision["thresholds"]["control"]]
    state, decision = decide(rollout.state, poll(2, side(95, above=above), side(5)))
    assert decision["verdict"] == "continue"
    assert state["number"] == 2


@pytest.mark.parametrize(
    ("state", "message"),
    [([], "state: found \\[\\]"), ({}, "state: .* expected the key"), ({"format": 0}, "state: .* expected the key")],
)
def test_a_state_of_something_else_is_refused(state: Any, message: str) -> None:
    with pytest.raises(JudgeInputError, match=message):
        decide(state, changed(number=2))


def test_a_state_of_another_judge_is_refused() -> None:
    state, _ = decide(None, changed())
    with pytest.raises(JudgeInputError, match=r"state.format: found 0, expected 1"):
        decide({**state, "format": 0}, changed(number=2, t=20))
