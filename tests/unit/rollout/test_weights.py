from datetime import timedelta

import pytest

from pressrun.rollout.weights import WeightChange, is_open, observe, share_during, share_in_force
from tests.unit.rollout.rollouts import at, endpoint


def asked(share: float = 0.1, second: float = 16) -> WeightChange:
    return WeightChange(share=share, asked_at=at(second))


def held(share: float, second: float, since: float | None = None) -> WeightChange:
    return WeightChange(
        share=share,
        asked_at=at(second - 5),
        in_force_at=at(second),
        uncertain_from=at(second if since is None else since),
    )


def test_a_change_under_way_stays_open() -> None:
    changes = observe([asked()], endpoint(0, desired=0.1, status="Updating"), "canary", at(15), at(25))
    assert is_open(changes)
    assert share_in_force(changes) == 0


def test_a_change_is_dated_by_sagemakers_own_time() -> None:
    (change,) = observe([asked()], endpoint(0.1, modified=18), "canary", at(15), at(25))
    assert (change.uncertain_from, change.in_force_at) == (at(17), at(19))


def test_what_was_before_a_change_stays_in_the_history() -> None:
    changes = observe([held(0.05, 2), asked()], endpoint(0.1, modified=18), "canary", at(15), at(25))
    assert [(change.share, change.in_force_at) for change in changes] == [(0.05, at(2)), (0.1, at(19))]


def test_without_a_fitting_time_a_change_lies_between_the_last_two_looks() -> None:
    (change,) = observe([asked()], endpoint(0.1, modified=-600), "canary", at(15), at(25))
    assert (change.uncertain_from, change.in_force_at) == (at(16), at(25))


def test_an_instance_that_is_replaced_does_not_hide_a_change_of_weights() -> None:
    (change,) = observe([asked()], endpoint(0.1, modified=18, count=1), "canary", at(15), at(25))
    assert change.in_force_at == at(19)


def test_an_ask_that_left_no_trace_for_long_is_forgotten() -> None:
    there = [held(0.05, 2), asked()]
    assert observe(there, endpoint(0.05), "canary", at(15), at(20)) == there
    assert observe(there, endpoint(0.05), "canary", at(40), at(50)) == there[:1]


def test_a_change_by_somebody_else_is_seen() -> None:
    changes = observe([held(0.1, 2)], endpoint(0, modified=22), "canary", at(15), at(25))
    assert (changes[-1].share, changes[-1].asked_at, changes[-1].in_force_at) == (0, None, at(23))


@pytest.mark.parametrize(
    ("start", "share"),
    [(0, 0.0), (10, None), (20, 0.1), (40, 0.1), (50, None), (60, 0.5)],
)
def test_a_poll_has_a_share_only_if_it_held_from_start_to_end(start: float, share: float | None) -> None:
    changes = [held(0.1, 20, since=17), held(0.5, 55), asked(0.9, 70)]
    assert share_during(changes, at(start), at(start) + timedelta(seconds=10)) == share


def test_a_canary_begins_at_nothing() -> None:
    assert share_during([], at(0), at(10)) == share_in_force([]) == 0
