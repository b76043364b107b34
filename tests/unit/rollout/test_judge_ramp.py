from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rollout.ramp import (
    allowed_share,
    error_limit,
    is_bounded,
    is_incident,
    next_share,
    upper_bound,
)


def first_share(rate: float, poll: float = 10, lag: float = 5, actuation: float = 20) -> float:
    return allowed_share(upper_bound(0, 0, 0.01), rate, poll + lag + actuation, budget=10, floor=0.002)


@pytest.mark.parametrize(
    ("errors", "answers", "expected"),
    [(0, 46, 0.11922), (1, 200, 0.04653), (5, 1000, 0.01846), (0, 1500, 0.00501)],
)
def test_the_upper_bound_gives_the_published_values(errors: int, answers: int, expected: float) -> None:
    assert upper_bound(errors, answers, 0.01) == pytest.approx(expected, abs=1e-5)


def test_nothing_known_of_a_canary_bounds_nothing() -> None:
    assert upper_bound(0, 0, 0.01) == 1
    assert upper_bound(7, 7, 0.01) == 1


@pytest.mark.parametrize("errors", [0, 1, 5 * 10**8, 10**9 - 1, 10**9])
def test_the_upper_bound_lies_above_the_rate_at_a_billion_answers(errors: int) -> None:
    found = upper_bound(errors, 10**9, 0.01)
    assert isfinite(found)
    assert errors / 10**9 <= found <= errors / 10**9 + 1e-3


@given(st.integers(0, 400), st.integers(1, 400))
def test_another_error_raises_the_bound(errors: int, answers: int) -> None:
    errors = min(errors, answers - 1)
    assert upper_bound(errors, answers, 0.01) <= upper_bound(errors + 1, answers, 0.01) + 1e-9


@given(st.integers(0, 50), st.integers(1, 5000), st.floats(0.0005, 0.9))
def test_asking_for_a_limit_agrees_with_the_search(errors: int, answers: int, limit: float) -> None:
    errors = min(errors, answers)
    bound = upper_bound(errors, answers, 0.01)
    if abs(bound - limit) > 1e-6:
        assert is_bounded(errors, answers, 0.01, limit) == (bound <= limit)


@pytest.mark.parametrize(
    ("rate", "expected"), [(2, 0.142857), (10, 0.028571), (50, 0.005714), (200, 0.002), (0.2, 0.2)]
)
def test_the_first_share_spends_the_budget_and_no_more(rate: float, expected: float) -> None:
    assert first_share(rate) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("rate", "expected"), [(0.2, 0.2), (2, 0.2), (10, 1 / 15), (50, 1 / 75), (200, 1 / 300)])
def test_weights_in_force_at_once_allow_the_shares_of_the_published_ladder(rate: float, expected: float) -> None:
    ladder = [step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if step <= first_share(rate, actuation=0)]
    assert first_share(rate, actuation=0) == pytest.approx(expected, abs=1e-6)
    assert (ladder or [0.01])[-1] == {0.2: 0.2, 2: 0.2, 10: 0.05, 50: 0.01, 200: 0.01}[rate]


@given(st.floats(0, 1), st.floats(0, 1e9), st.floats(1, 1e5))
def test_the_allowed_share_stays_within_its_bounds(bound: float, rate: float, delay: float) -> None:
    share = allowed_share(bound, rate, delay, budget=10, floor=0.002)
    assert 0.002 <= share <= 0.5
    assert share <= 0.2 or bound < 0.5
    assert share <= 0.002 or bound * rate * delay * share <= 10 * (1 + 1e-3) + 1e-6 * bound * rate * delay


def test_without_traffic_the_share_is_not_raised() -> None:
    assert allowed_share(0.5, 0, 35, budget=10, floor=0.002) == 0.002


@pytest.mark.parametrize(
    ("wanted", "in_force", "allowed", "expected", "why"),
    [
        (0.0, 0.0, 0.0286, 0.0286, "the first share"),
        (0.0286, 0.0286, 0.05, 0.0286, "less than twice is not worth a poll"),
        (0.0286, 0.0286, 0.06, 0.06, "twice is"),
        (0.3, 0.3, 0.5, 0.5, "the top always is"),
        (0.2, 0.2, 0.01, 0.2, "never down"),
        (0.06, 0.0286, 0.07, 0.06, "a raise under way is not overtaken by a small one"),
        (0.06, None, 0.07, 0.06, "nor while the weights change"),
        (0.06, 0.0286, 0.055, 0.06, "nor taken back for the noise of the rate"),
        (0.06, 0.0286, 0.03, 0.0286, "a raise that is not in force and not allowed any more is withdrawn"),
        (0.0286, 0.1, 0.01, 0.1, "more in force than was asked for stays"),
    ],
)
def test_the_share_moves_in_worthwhile_steps_and_never_down(
    wanted: float, in_force: float | None, allowed: float, expected: float, why: str
) -> None:
    assert next_share(wanted, in_force, allowed, step=2) == expected, why


@pytest.mark.parametrize(
    ("errors", "answers", "expected"),
    [(2, 10, False), (3, 100, True), (3, 301, False), (30, 1000, True), (8, 1000, False)],
)
def test_an_incident_is_many_errors_of_stable_for_its_past(errors: int, answers: int, expected: bool) -> None:
    assert is_incident(errors, answers, errors_before=1, answers_before=10_000) is expected


def test_a_stable_variant_that_always_fails_somewhat_is_no_incident() -> None:
    assert not is_incident(30, 1000, errors_before=300, answers_before=10_000)


def test_four_times_the_errors_of_stable_are_allowed_where_that_is_more() -> None:
    assert error_limit(0.005, 0, 10_000) == 0.005
    assert error_limit(0.005, 100, 10_000) == pytest.approx(4 * 100.5 / 10_001)
