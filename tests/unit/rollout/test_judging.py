from datetime import datetime
from typing import Any

import pytest

from pressrun.errors import ConfigRolledBackError, EndpointFailedError, InvalidInputError, MetricsMissingError
from pressrun.rollout import judgement
from pressrun.rollout.judgement import Desk, Judgement
from pressrun.rollout.judging import MOST_WAITS, JudgeCanary, judge_canary
from pressrun.rollout.record import Rollout
from pressrun.rollout.weights import WeightChange
from tests.unit.rollout.rollouts import RELEASE, Book, FakeMetrics, at, endpoint, rollout

STABLE: dict[str, float] = {"Invocations": 300, "SampleCount": 300, "p50": 80_000, "p90": 182_000, "p99": 256_000}


class FakeOperators:
    given: str | None = None

    def answer(self, release_id: str, since: datetime) -> str | None:
        return self.given


class FakeNews:
    def __init__(self) -> None:
        self.told: list[str] = []

    def inconclusive(self, rollout: Rollout, decision: dict[str, Any]) -> None:
        self.told.append(decision["reason"])


class Room:
    """A desk with everything on it."""

    def __init__(self, kept: Rollout | None = None) -> None:
        self.book = Book(kept or rollout())
        self.metrics = FakeMetrics(stable=STABLE)
        self.operators = FakeOperators()
        self.news = FakeNews()
        self.endpoint = endpoint()

    def judge(self, poll: int = 1, now: float = 15.0) -> Judgement:
        command = JudgeCanary.model_validate(
            {
                "release_id": RELEASE,
                "service": "reranking",
                "stage": "prod",
                "endpoint_name": "reranking",
                "poll": poll,
            }
        )
        return judge_canary(command, self.endpoint, Desk(self.book, self.metrics, self.operators, self.news), at(now))

    @property
    def kept(self) -> Rollout:
        assert self.book.kept is not None
        return self.book.kept


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the judge decides, whatever it sees."""
    decision = {"verdict": "continue", "share": 0.02, "reason": "so far so good", "missing": None}

    def decide(state: Any, poll: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"ln_e": -1.0}, {**decision, "thresholds": {"control": [80.0], "canary": [90.0]}}

    monkeypatch.setattr(judgement, "decide", decide)
    return decision


def test_the_first_poll_is_judged_by_the_real_judge_and_wants_a_small_share() -> None:
    room = Room()
    found = room.judge()
    assert (found.verdict, found.judged, found.shift, found.poll) == ("continue", True, True, 2)
    assert 0.002 <= found.share < 0.05
    assert found.next_at == "2026-11-23T12:00:25.000Z"
    assert room.book.noted[0]["poll"]["config"] == {"lag_seconds": 5}
    assert room.book.noted[0]["poll"]["weights"] == 0


def test_the_second_poll_carries_on_from_the_first_ones_state() -> None:
    room = Room()
    room.judge()
    room.judge(2, 25)
    assert [noted["poll"]["number"] for noted in room.book.noted] == [1, 2]
    assert "config" not in room.book.noted[1]["poll"]
    assert room.kept.number == 2


def test_a_repeated_call_repeats_its_answer_and_judges_nothing() -> None:
    room = Room()
    first = room.judge()
    room.metrics.variants = {}
    assert room.judge(now=60) == first
    assert len(room.book.noted) == 1


def test_a_poll_that_was_skipped_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="poll: 3 was asked for, expected 0 or 1"):
        Room().judge(3, 60)


def test_a_call_that_comes_too_early_is_sent_back() -> None:
    found = Room().judge(now=14)
    assert (found.judged, found.next_at) == (False, "2026-11-23T12:00:15.000Z")


def test_a_poll_without_its_numbers_is_looked_for_again() -> None:
    room = Room()
    room.metrics.variants = {}
    found = room.judge()
    assert (found.judged, found.shift, found.poll, found.next_at) == (False, False, 1, "2026-11-23T12:00:20.000Z")
    assert room.book.noted == []


def test_numbers_that_come_later_make_every_later_poll_wait(says: dict[str, Any]) -> None:
    room = Room()
    room.metrics.variants = {}
    room.judge(now=15)
    room.metrics.variants = {"stable": STABLE}
    found = room.judge(now=20)
    assert found.next_at == "2026-11-23T12:00:30.000Z"


def test_a_silent_endpoint_is_judged_without_numbers_in_the_end(says: dict[str, Any]) -> None:
    room = Room()
    room.metrics.variants = {}
    assert not room.judge(now=44).judged
    assert room.judge(now=45).judged
    assert room.book.noted[0]["poll"]["rate"] == 0


def test_numbers_that_are_late_too_often_end_the_rollout() -> None:
    room = Room(rollout(waits=MOST_WAITS))
    room.metrics.variants = {}
    with pytest.raises(MetricsMissingError, match="late 250 times"):
        room.judge()


def test_only_one_change_is_under_way_at_a_time(says: dict[str, Any]) -> None:
    room = Room(rollout(changes=[WeightChange(share=0.02, asked_at=at(9))]))
    room.endpoint = endpoint(0, desired=0.02, status="Updating")
    assert not room.judge().shift


def test_a_share_that_holds_is_not_asked_for_again(says: dict[str, Any]) -> None:
    room = Room(rollout(changes=[WeightChange(share=0.02, asked_at=at(-9), in_force_at=at(-5))]))
    room.endpoint = endpoint(0.02)
    room.metrics.variants["canary"] = {"Invocations": 6}
    found = room.judge()
    assert (found.shift, found.share_in_force) == (False, 0.02)
    assert room.book.noted[0]["poll"]["weights"] == 0.02


def test_a_poll_in_which_the_weights_changed_has_none(says: dict[str, Any]) -> None:
    room = Room(rollout(changes=[WeightChange(share=0.02, asked_at=at(1))]))
    room.endpoint = endpoint(0.02, modified=4)
    room.judge()
    assert room.book.noted[0]["poll"]["weights"] is None


def test_a_refusal_is_recorded_with_its_time(says: dict[str, Any]) -> None:
    says |= {"verdict": "roll_back", "share": 0.0, "reason": "errors"}
    room = Room()
    assert room.judge().verdict == "roll_back"
    assert (room.kept.verdict, room.kept.reason, room.kept.decided_at) == ("roll_back", "errors", at(15))


def test_an_inconclusive_rollout_asks_once_and_goes_on(says: dict[str, Any]) -> None:
    says |= {"verdict": "inconclusive", "reason": "too few answers"}
    room = Room()
    assert [room.judge().verdict, room.judge(2, 25).verdict] == ["inconclusive"] * 2
    assert room.news.told == ["too few answers"]
    assert room.kept.inconclusive_at == at(15)


@pytest.mark.parametrize(("given", "verdict"), [("approve", "promote"), ("reject", "roll_back")])
def test_an_operator_answers_an_inconclusive_rollout(says: dict[str, Any], given: str, verdict: str) -> None:
    says |= {"verdict": "inconclusive", "reason": "too few answers"}
    room = Room()
    room.judge()
    room.operators.given = given
    found = room.judge(2, 25)
    assert found.verdict == verdict
    assert "an operator" in found.reason


def test_an_operators_answer_does_not_overrule_a_judge_who_is_sure(says: dict[str, Any]) -> None:
    room = Room()
    room.operators.given = "approve"
    assert room.judge().verdict == "continue"


def test_a_broken_endpoint_ends_the_rollout() -> None:
    room = Room()
    room.endpoint = endpoint(status="Failed")
    with pytest.raises(EndpointFailedError):
        room.judge()


def test_an_endpoint_with_another_config_ends_the_rollout() -> None:
    room = Room()
    room.endpoint = endpoint(config_name="another")
    with pytest.raises(ConfigRolledBackError, match=f"serves config 'another', expected '{RELEASE}-open'"):
        room.judge()
