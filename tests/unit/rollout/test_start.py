import json

from pressrun.rollout.ending import evidence
from pressrun.rollout.record import Returned
from pressrun.rollout.start import StartRollout, start, started
from pressrun.service.spec import ServiceSpec
from tests.unit.rollout.rollouts import RELEASE, Book, at, rollout

SPEC = ServiceSpec.model_validate({"name": "reranking", "owner": "search", "rollout": {"bake_seconds": 30}})
COMMAND = StartRollout(
    release_id=RELEASE, service="reranking", stage="prod", endpoint_name="reranking", lag_seconds=4.5
)


def test_polls_begin_at_the_next_boundary_of_cloudwatchs_periods() -> None:
    opened = start(COMMAND, SPEC, Book(), at(3.2))
    assert opened.first_poll_at == at(10)
    assert started(opened).model_dump() == {"poll": 1, "next_at": "2026-11-23T12:00:24.500Z"}


def test_the_judge_gets_durations_and_the_lag_and_no_constants() -> None:
    config = json.loads(start(COMMAND, SPEC, Book(), at(0)).config)
    assert config == {
        "warmup_seconds": 90,
        "bake_seconds": 30,
        "watch_seconds": 1200,
        "deadline_seconds": 5400,
        "actuation_seconds": 20,
        "lag_seconds": 4.5,
    }


def test_a_repeated_start_goes_on_where_the_first_one_is() -> None:
    book = Book(rollout(number=7))
    assert started(start(COMMAND, SPEC, book, at(900))).poll == 8


def test_the_evidence_says_how_long_the_way_from_the_decision_to_the_accepted_call_was() -> None:
    gone = rollout(
        decided_at=at(100), returned=Returned(asked_at=at(100.2), accepted_at=at(100.9), in_force_at=at(120))
    )
    document = evidence(gone, [{"number": 1}], "returned")
    assert document["decision_to_accepted_seconds"] == 0.9
    assert document["polls"] == [{"number": 1}]
    assert json.dumps(document)


def test_the_evidence_of_a_promotion_has_no_return() -> None:
    document = evidence(rollout(decided_at=at(100)), [], "promoted")
    assert (document["returned"], document["decision_to_accepted_seconds"]) == (None, None)
