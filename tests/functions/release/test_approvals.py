import json
from typing import Any

import pytest

from functions.release import decide_approval, request_approval
from pressrun.aws import approvals
from tests.functions.conftest import LambdaContext, Tools

RELEASE = "reranking-7-0123abcd-1"
ALICE = "arn:aws:sts::111111111111:assumed-role/alice/alice"
BOB = "arn:aws:sts::111111111111:assumed-role/bob/bob"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the waiting execution was told."""
    told: list[tuple[str, ...]] = []

    def first(*answer: str) -> bool:
        is_first = not told
        if is_first:
            told.append(answer)
        return is_first

    monkeypatch.setattr(approvals, "succeed_task", lambda token, _: first("yes", token))
    monkeypatch.setattr(approvals, "fail_task", lambda token, error, _: first("no", token, error))
    return told


@pytest.fixture
def waiting(tools: Tools, context: LambdaContext) -> str:
    """A release that waits; the digest of its evidence."""
    tools.table("releases").put_item(
        Item={
            "release_id": RELEASE,
            "record": "release",
            "service": "reranking",
            "status": "open",
            "requested_by": ALICE,
            "opened_at": "2026-11-23T09:00:00Z",
        }
    )
    tools.put(f"evidence/{RELEASE}/manifest.json", {"service": "reranking"})
    command = {
        "release_id": RELEASE,
        "service": "reranking",
        "stage": "prod",
        "task_token": "a token",
        "deadline_seconds": 3600,
    }
    return str(request_approval.handler(command, context)["evidence_digest"])


def decide(
    context: LambdaContext, arn: str, digest: str, decision: str = "approve", release_id: str = RELEASE
) -> tuple[int, dict[str, Any]]:
    event = {
        "requestContext": {"authorizer": {"iam": {"userArn": arn}}},
        "pathParameters": {"release_id": release_id},
        "body": json.dumps({"decision": decision, "evidence_digest": digest, "reason": "looked at it"}),
    }
    answer = decide_approval.handler(event, context)
    return answer["statusCode"], json.loads(answer["body"])


def test_somebody_else_approves_and_the_execution_goes_on(
    waiting: str, context: LambdaContext, answered: list[tuple[str, ...]], tools: Tools
) -> None:
    assert decide(context, BOB, waiting) == (
        200,
        {"release_id": RELEASE, "outcome": "approved", "approver": BOB},
    )
    assert answered == [("yes", "a token")]
    (decision,) = tools.table("approvals").scan()["Items"]
    assert (decision["arn"], decision["evidence_digest"]) == (BOB, waiting)


def test_who_approved_the_package_may_not_approve_its_release(
    waiting: str, context: LambdaContext, answered: list[tuple[str, ...]], tools: Tools
) -> None:
    status, body = decide(context, ALICE, waiting)
    assert status == 403
    assert "expected somebody else" in body["message"]
    assert answered == []
    assert tools.table("approvals").scan()["Items"] == []


def test_evidence_that_changed_after_it_was_looked_at_is_refused(
    waiting: str, context: LambdaContext, answered: list[tuple[str, ...]]
) -> None:
    status, body = decide(context, BOB, "0" * 64)
    assert status == 409
    assert waiting in body["message"]
    assert answered == []


def test_new_evidence_changes_the_digest(waiting: str, context: LambdaContext, tools: Tools) -> None:
    tools.put(f"evidence/{RELEASE}/qa-load-test.json", {"p95_ms": 80})
    command = {"release_id": RELEASE, "service": "s", "stage": "prod", "task_token": "t", "deadline_seconds": 60}
    assert request_approval.handler(command, context)["evidence_digest"] != waiting


def test_a_rejection_ends_the_wait_by_name(
    waiting: str, context: LambdaContext, answered: list[tuple[str, ...]]
) -> None:
    assert decide(context, BOB, waiting, "reject")[0] == 200
    assert answered == [("no", "a token", "ApprovalDeniedError")]


def test_a_second_answer_is_told_that_it_came_too_late(
    waiting: str, context: LambdaContext, answered: list[tuple[str, ...]]
) -> None:
    decide(context, BOB, waiting)
    status, body = decide(context, BOB, waiting)
    assert status == 409
    assert "decided already" in body["message"]
    assert len(answered) == 1


@pytest.mark.usefixtures("answered")
def test_an_account_s_root_is_refused(waiting: str, context: LambdaContext) -> None:
    assert decide(context, "arn:aws:iam::111111111111:root", waiting)[0] == 403


@pytest.mark.usefixtures("waiting", "answered")
def test_an_unknown_release_is_not_found(context: LambdaContext) -> None:
    status, body = decide(context, BOB, "0" * 64, release_id="nothing-1-00000000-1")
    assert (status, body["message"]) == (404, "release 'nothing-1-00000000-1' is not known")


@pytest.mark.usefixtures("waiting", "answered")
def test_a_body_with_a_wrong_field_names_it(context: LambdaContext) -> None:
    status, body = decide(context, BOB, "short")
    assert status == 400
    assert "DecideApproval: evidence_digest: String should match pattern" in body["message"]
