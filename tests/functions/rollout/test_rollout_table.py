import json
from typing import Any

import boto3
import pytest

from pressrun.aws.rollouts import RolloutNews, RolloutOperators, RolloutTable
from pressrun.rollout.record import Returned
from pressrun.rollout.weights import WeightChange
from tests.functions.conftest import Tools
from tests.unit.rollout.rollouts import RELEASE, at, rollout

POLL = {"poll": {"number": 1, "weights": None, "rate": 30.5}, "ln_e": -0.25}


@pytest.fixture
def bus(tools: Tools) -> Any:
    """A queue that hears what is put on Pressrun's bus."""
    sqs, events = boto3.client("sqs"), boto3.client("events")
    url = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="pressrun", EventPattern=json.dumps({"source": ["pressrun"]}))
    events.put_targets(Rule="all", EventBusName="pressrun", Targets=[{"Id": "queue", "Arn": arn}])

    def heard() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return heard


def test_a_rollout_is_read_as_it_was_written(tools: Tools) -> None:
    change = WeightChange(share=0.0166, asked_at=at(16), in_force_at=at(18), uncertain_from=at(17))
    full = rollout(changes=[change], judge="{}", rate=30.5, returned=Returned(asked_at=at(20)), inconclusive_at=at(9))
    RolloutTable.here().open(full)
    assert RolloutTable.here().rollout(RELEASE, "prod") == full


def test_a_release_without_a_rollout_has_none(tools: Tools) -> None:
    assert RolloutTable.here().rollout(RELEASE, "prod") is None


def test_a_rollout_is_opened_once(tools: Tools) -> None:
    book = RolloutTable.here()
    first = book.open(rollout())
    assert book.open(rollout(lag_seconds=99)) == first


def test_a_change_leaves_the_rest_alone(tools: Tools) -> None:
    book = RolloutTable.here()
    opened = book.open(rollout())
    changed = book.change(opened, waits=3, late=True)
    assert book.rollout(RELEASE, "prod") == changed == opened.model_copy(update={"waits": 3, "late": True})


def test_a_poll_is_recorded_once_and_its_answer_stands(tools: Tools) -> None:
    book = RolloutTable.here()
    opened = book.open(rollout())
    first = book.judged(opened.model_copy(update={"number": 1}), POLL, answer="first", rate=30.5)
    again = book.judged(opened.model_copy(update={"number": 1}), {"poll": {}, "ln_e": 9}, answer="second")
    assert (first.answer, again.answer, again.number) == ("first", "first", 1)
    assert book.polls(again) == [POLL]


def test_polls_come_in_order_and_only_of_their_stage(tools: Tools) -> None:
    book = RolloutTable.here()
    kept = book.open(rollout())
    for number in range(1, 12):
        kept = book.judged(kept.model_copy(update={"number": number}), {"number": number})
    tools.table("releases").put_item(Item={"release_id": RELEASE, "record": "rollout#qa#00001", "number": 99})
    assert [poll["number"] for poll in book.polls(kept)] == list(range(1, 12))


@pytest.mark.parametrize(
    ("decisions", "answer"),
    [
        ([], None),
        ([("rollout#alice", "approve", "2026-11-23T12:10:00Z")], "approve"),
        ([("rollout#alice", "approve", "2026-11-23T11:50:00Z")], None),
        ([("release#alice", "approve", "2026-11-23T12:10:00Z")], None),
        (
            [
                ("rollout#alice", "approve", "2026-11-23T12:10:00Z"),
                ("rollout#bob", "reject", "2026-11-23T12:09:00Z"),
            ],
            "reject",
        ),
    ],
    ids=["nobody", "after it was asked", "before it was asked", "of the release's approval", "a no outweighs"],
)
def test_an_answer_counts_if_it_was_given_to_this_question(
    tools: Tools, decisions: list[tuple[str, str, str]], answer: str | None
) -> None:
    for approver, decision, decided_at in decisions:
        tools.table("approvals").put_item(
            Item={"release_id": RELEASE, "approver": approver, "decision": decision, "decided_at": decided_at}
        )
    assert RolloutOperators.here().answer(RELEASE, at(0)) == answer


def test_an_inconclusive_rollout_tells_what_is_missing_and_what_to_sign(tools: Tools, bus: Any) -> None:
    RolloutNews.here().inconclusive(rollout(), {"reason": "too few answers", "missing": "1,200 answers"})
    (event,) = bus()
    assert event["detail-type"] == "RolloutInconclusive"
    assert event["detail"]["missing"] == "1,200 answers"
    assert len(event["detail"]["evidence_digest"]) == 64


def test_each_step_of_the_traffic_is_an_event(tools: Tools, bus: Any) -> None:
    RolloutNews.here().stepped(rollout(), 0.05, 4, "so far so good")
    (event,) = bus()
    assert event["detail"] == {
        "release_id": RELEASE,
        "service": "reranking",
        "stage": "prod",
        "endpoint_name": "reranking",
        "share": 0.05,
        "poll": 4,
        "reason": "so far so good",
    }
