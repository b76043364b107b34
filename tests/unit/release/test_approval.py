import pytest

from pressrun.http import HttpError
from pressrun.release.approval import DecideApproval, check_request, judge_decision
from pressrun.release.identity import Caller, person_of, verified_caller

ALICE = Caller(arn="arn:aws:sts::111111111111:assumed-role/alice/one", person="111111111111:role/alice/one")
BOB = Caller(arn="arn:aws:sts::111111111111:assumed-role/bob/one", person="111111111111:role/bob/one")
YES = DecideApproval(decision="approve", evidence_digest="a" * 64)
NO = DecideApproval(decision="reject", evidence_digest="a" * 64)


def test_somebody_else_than_who_asked_approves() -> None:
    assert judge_decision(YES, BOB, requested_by=ALICE.person, earlier_approvers=[]) == "approved"


def test_who_asked_may_not_approve() -> None:
    with pytest.raises(HttpError, match="expected somebody else") as refused:
        judge_decision(YES, ALICE, requested_by=ALICE.person, earlier_approvers=[])
    assert refused.value.status == 403


def test_who_asked_may_say_no() -> None:
    assert judge_decision(NO, ALICE, requested_by=ALICE.person, earlier_approvers=[]) == "rejected"


def test_where_nobody_knows_who_asked_two_people_have_to_approve() -> None:
    assert judge_decision(YES, ALICE, requested_by=None, earlier_approvers=[]) == "second_approver_needed"
    assert judge_decision(YES, ALICE, requested_by=None, earlier_approvers=[ALICE.person]) == "second_approver_needed"
    assert judge_decision(YES, BOB, requested_by=None, earlier_approvers=[ALICE.person]) == "approved"


def test_a_decision_on_other_evidence_is_refused_with_both_digests() -> None:
    with pytest.raises(HttpError, match=f"{'b' * 64}, you sent {'a' * 64}") as refused:
        check_request({"evidence_digest": "b" * 64}, YES, "r-1")
    assert refused.value.status == 409


def test_a_decision_that_nobody_waits_for_is_refused() -> None:
    with pytest.raises(HttpError, match="does not wait") as refused:
        check_request(None, YES, "r-1")
    assert refused.value.status == 404


def signed_by(arn: str | None) -> dict[str, object]:
    return {"requestContext": {"authorizer": {"iam": {"userArn": arn}}}}


def test_an_account_s_root_is_nobody() -> None:
    with pytest.raises(HttpError, match="root, expected a person"):
        verified_caller(signed_by("arn:aws:iam::111111111111:root"))


@pytest.mark.parametrize("event", [{}, {"requestContext": {}}, signed_by(None)])
def test_a_request_without_a_signature_is_refused(event: dict[str, object]) -> None:
    with pytest.raises(HttpError, match="no verified identity"):
        verified_caller(event)


def test_two_sessions_of_one_role_with_one_name_are_one_person() -> None:
    assert person_of(ALICE.arn) == ALICE.person
    assert person_of("arn:aws:iam::111111111111:user/ops/carol") == "111111111111:user/ops/carol"
