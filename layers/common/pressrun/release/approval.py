"""Approvals: bound to the evidence the approver saw, by somebody else than who asked."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from pressrun.http import HttpError
from pressrun.release.identity import Caller
from pressrun.settings import Stage


class DecideApproval(BaseModel):
    """What an operator sends.

    Attributes:
        evidence_digest: of the evidence the operator looked at; `pressrun release show` prints it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Literal["approve", "reject"]
    evidence_digest: str = Field(pattern=r"^[0-9a-f]{64}$")
    reason: str = Field(default="", max_length=1000)


Verdict = Literal["approved", "rejected", "second_approver_needed"]


def check_request(request: dict[str, Any] | None, decision: DecideApproval, release_id: str) -> dict[str, Any]:
    """Return the open request for approval that a decision answers.

    Raises:
        HttpError: 404, nothing waits for a decision; 409, the evidence is not what the operator saw.
    """
    if request is None:
        raise HttpError(404, f"release {release_id!r} does not wait for an approval")
    if request["evidence_digest"] != decision.evidence_digest:
        raise HttpError(
            409,
            f"evidence digest of release {release_id!r} is {request['evidence_digest']}, "
            f"you sent {decision.evidence_digest}: look at the evidence again",
        )
    return request


def judge_decision(
    decision: DecideApproval, caller: Caller, *, requested_by: str | None, earlier_approvers: list[str]
) -> Verdict:
    """Say what a decision does.

    Args:
        decision: what the caller wants.
        caller: who decides.
        requested_by: the person who approved the package in the registry; None where the registry does not tell
            for certain. Then two different people have to approve.
        earlier_approvers: people who approved before.

    Raises:
        HttpError: 403, the approver is who asked.
    """
    if decision.decision == "reject":
        return "rejected"
    if requested_by is not None and caller.person == requested_by:
        raise HttpError(403, f"{caller.arn} approved the model package, expected somebody else to approve its release")
    if requested_by is None and not [person for person in earlier_approvers if person != caller.person]:
        return "second_approver_needed"
    return "approved"


class RequestApproval(BaseModel):
    """Ask an operator whether a release may enter a stage.

    Attributes:
        deadline_seconds: after this the release is rejected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage"}

    release_id: str
    service: str
    stage: Stage
    task_token: str
    deadline_seconds: int


class ApprovalRequested(BaseModel):
    """What the approver has to look at, and by when."""

    model_config = ConfigDict(frozen=True)

    evidence_digest: str
    deadline_at: str
