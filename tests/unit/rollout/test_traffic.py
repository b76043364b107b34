from typing import Any

import pytest

from pressrun.deployment.endpoint import Endpoint
from pressrun.errors import EndpointBusyError, InvalidInputError
from pressrun.rollout.shifting import SendAllTraffic, ShiftTraffic, TrafficShift, send_all, shift
from pressrun.rollout.traffic import RETURN_SECONDS, TrafficReturn, give_back, returned
from pressrun.rollout.weights import WeightChange
from tests.unit.rollout.rollouts import RELEASE, Book, at, endpoint, rollout

COMMAND: dict[str, Any] = {
    "release_id": RELEASE,
    "service": "reranking",
    "stage": "prod",
    "endpoint_name": "reranking",
    "poll": 4,
    "reason": "so far so good",
}


class FakeEndpoints:
    """An endpoint that is seen in the given states, the last one for ever."""

    def __init__(self, *states: Endpoint | None, busy: int = 0) -> None:
        self.states = list(states)
        self.busy = busy
        self.asked: list[dict[str, float]] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def set_weights(self, endpoint_name: str, weights: dict[str, float]) -> None:
        if self.busy:
            self.busy -= 1
            raise EndpointBusyError(endpoint_name, "Updating")
        self.asked.append(weights)


class Time:
    """Seconds that pass by sleeping."""

    now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


def shifted(endpoints: FakeEndpoints, book: Book, share: float = 0.25) -> TrafficShift:
    assert book.kept is not None
    return shift(ShiftTraffic(**COMMAND, share=share), book.kept, endpoints, book, lambda: at(30))


def given_back(endpoints: FakeEndpoints) -> tuple[TrafficReturn, list[str], float]:
    time, notes = Time(), list[str]()
    back = give_back("reranking", ("stable", "canary"), endpoints, notes.append, clock=time.clock, sleep=time.sleep)
    return back, notes, time.now


def test_a_shift_asks_for_both_weights_and_is_recorded() -> None:
    endpoints, book = FakeEndpoints(endpoint()), Book(rollout())
    assert shifted(endpoints, book) == TrafficShift(share=0.25, asked=True, in_force=False)
    assert endpoints.asked == [{"stable": 0.75, "canary": 0.25}]
    assert book.kept is not None
    assert book.kept.changes == [WeightChange(share=0.25, asked_at=at(30))]


def test_a_busy_endpoint_keeps_its_split() -> None:
    endpoints, book = FakeEndpoints(endpoint(status="Updating")), Book(rollout())
    assert not shifted(endpoints, book).asked
    assert endpoints.asked == []


def test_an_endpoint_that_gets_busy_meanwhile_keeps_its_split() -> None:
    book = Book(rollout())
    assert not shifted(FakeEndpoints(endpoint(), busy=1), book).asked
    assert book.kept is not None
    assert book.kept.changes == []


def test_a_split_that_holds_is_not_asked_for_again() -> None:
    endpoints = FakeEndpoints(endpoint(0.25))
    assert shifted(endpoints, Book(rollout())) == TrafficShift(share=0.25, asked=False, in_force=True)
    assert endpoints.asked == []


def test_all_traffic_is_looked_for_until_it_holds() -> None:
    endpoints, time = FakeEndpoints(endpoint(0.9), endpoint(0.9, 1, "Updating"), endpoint(1)), Time()
    sent = send_all(
        SendAllTraffic(**COMMAND), endpoints, Book(rollout()), lambda: at(30), clock=time.clock, sleep=time.sleep
    )
    assert sent == TrafficShift(share=1, asked=True, in_force=True)
    assert endpoints.asked == [{"stable": 0, "canary": 1}]
    assert time.now == 2


def test_a_shift_without_a_rollout_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="has no rollout in prod"):
        send_all(SendAllTraffic(**COMMAND), FakeEndpoints(endpoint()), Book(), lambda: at(30))


def test_traffic_is_asked_back_at_once() -> None:
    endpoints = FakeEndpoints(endpoint(0.25), endpoint(0.25, 0, "Updating"), endpoint(0))
    back, notes, seconds = given_back(endpoints)
    assert back == TrafficReturn(in_force=True, asked=True)
    assert endpoints.asked == [{"stable": 1, "canary": 0}]
    assert (notes, seconds) == (["accepted", "in_force"], 2)


def test_a_busy_endpoint_is_asked_again_the_next_second() -> None:
    busy = [endpoint(0.25, 0.5, "Updating")] * 3
    endpoints = FakeEndpoints(*busy, endpoint(0.5), endpoint(0.5), endpoint(0), busy=1)
    back, _, seconds = given_back(endpoints)
    assert back.in_force
    assert endpoints.asked == [{"stable": 1, "canary": 0}]
    assert seconds == 5


def test_an_endpoint_that_stays_busy_is_left_to_the_next_call() -> None:
    back, notes, seconds = given_back(FakeEndpoints(endpoint(0.25, 0.5, "Updating")))
    assert back == TrafficReturn(in_force=False, asked=False)
    assert (notes, seconds) == ([], RETURN_SECONDS)


def test_a_canary_on_its_way_up_is_not_taken_for_returned() -> None:
    back, _, _ = given_back(FakeEndpoints(endpoint(0, 0.1, "Updating")))
    assert not back.in_force


@pytest.mark.parametrize(
    "found",
    [None, endpoint(0), endpoint(0.5, status="Failed"), endpoint(variants=[])],
    ids=["gone", "at 0", "broken", "no canary"],
)
def test_nothing_is_asked_where_weights_change_nothing(found: Endpoint | None) -> None:
    endpoints = FakeEndpoints(found)
    back, _, seconds = given_back(endpoints)
    assert (back.in_force, back.asked, endpoints.asked, seconds) == (True, False, [], 0)


def test_the_first_time_of_each_kind_stands() -> None:
    first = returned(None, "accepted", began=at(1), now=at(2))
    again = returned(first, "accepted", began=at(11), now=at(12))
    done = returned(again, "in_force", began=at(11), now=at(13))
    assert (done.asked_at, done.accepted_at, done.in_force_at) == (at(1), at(2), at(13))
