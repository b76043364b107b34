from math import exp, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rollout.inputs import Side
from pressrun.rollout.thresholds import are_formed, asked, by_poll_length, followed, learned, unformed


def stable(n: int, quantiles: tuple[float, float, float] | None = None, above: tuple[int, ...] = ()) -> Side:
    return Side(n=n, errors=0, above=tuple((1.0, count) for count in above), quantiles=quantiles, classes=None)


@pytest.mark.parametrize(
    ("answers", "counts", "expected"),
    [(100, [55, 12, 0], [80.969, 184.015, 246.324]), (5, [3, 1, 1], [80.483, 184.522, 307.414])],
)
def test_counts_move_the_thresholds_as_published(answers: int, counts: list[int], expected: list[float]) -> None:
    moved = followed([log(80), log(182), log(256)], counts, answers, seconds=10)
    assert [exp(theta) for theta in moved] == pytest.approx(expected, abs=1e-3)


def test_thresholds_are_formed_from_fifty_answers_on() -> None:
    young = learned(unformed(), stable(49, (80, 182, 256)), seconds=10)
    assert not are_formed(young)
    assert asked(young, tol=0.12, margin=0.35) == {"control": [], "canary": []}
    assert are_formed(learned(young, stable(1, (80, 182, 256)), seconds=10))


def test_older_percentiles_fade_by_the_length_of_the_poll() -> None:
    for seconds, faded in ((10, 0.95), (60, 0.75)):
        first = learned(unformed(), stable(40, (10, 20, 40)), seconds)
        both = learned(first, stable(40, (20, 40, 80)), seconds)
        assert both["theta"][0] == pytest.approx((faded * log(10) + log(20)) / (faded + 1))


def test_a_poll_without_percentiles_teaches_nothing_yet() -> None:
    assert learned(unformed(), stable(100), seconds=10) == unformed()


def test_the_next_poll_counts_above_the_tolerance_and_the_margin() -> None:
    thresholds = learned(unformed(), stable(100, (80, 182, 256)), seconds=10)
    found = asked(thresholds, tol=0.12, margin=0.35)
    assert found["control"] == pytest.approx([80, 182, 256])
    assert found["canary"] == pytest.approx([89.6, 203.84, 286.72, 245.7])


def test_thresholds_are_whole_microseconds() -> None:
    thresholds = learned(unformed(), stable(100, (1 / 3, 0.00001, 7 / 9)), seconds=10)
    assert asked(thresholds, tol=0.12, margin=0.35)["control"] == [0.333, 0.001, 0.778]


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000)), max_size=300))
def test_thresholds_stay_finite_whatever_is_counted(polls: list[tuple[int, int, int]]) -> None:
    thresholds = learned(unformed(), stable(100, (0, 0, 1e9)), seconds=60)
    for counts in polls:
        thresholds = learned(thresholds, stable(1000, above=counts), seconds=60)
    assert all(isfinite(ms) and ms > 0 for ms in asked(thresholds, tol=0.12, margin=0.35)["canary"])


def test_a_poll_without_answers_leaves_the_thresholds() -> None:
    thresholds = learned(unformed(), stable(100, (80, 182, 256)), seconds=10)
    assert learned(thresholds, stable(0, above=(0, 0, 0)), seconds=10)["theta"] == pytest.approx(thresholds["theta"])


def test_constants_between_the_measured_polls_are_interpolated() -> None:
    assert [by_poll_length(seconds, 1.5, 2.5) for seconds in (5, 10, 35, 60, 3600)] == [1.5, 1.5, 2.0, 2.5, 2.5]
