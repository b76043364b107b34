"""Decisions in DynamoDB, and the answers to the executions that wait for them."""

from typing import Self

from pressrun.aws.tables import Decisions, Item, Releases
from pressrun.aws.tokens import fail_task, succeed_task
from pressrun.clock import iso, now
from pressrun.http import HttpError
from pressrun.release.approval import DecideApproval, check_request, judge_decision
from pressrun.release.identity import Caller, person_of


class ApprovalDesk:
    """Takes operators' decisions."""

    def __init__(self, releases: Releases, decisions: Decisions) -> None:
        self._releases = releases
        self._decisions = decisions

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables."""
        return cls(Releases.here(), Decisions.here())

    def decide(self, release_id: str, decision: DecideApproval, caller: Caller) -> str:
        """Record a decision and, if it settles the question, answer the execution.

        Raises:
            HttpError: it is not this caller's to decide, or there is nothing to decide any more.
        """
        record = self._releases.get(release_id, "release")
        if record is None:
            raise HttpError(404, f"release {release_id!r} is not known")
        if record["status"] == "rolling_out":
            return self._on_rollout(record, decision, caller)
        if record["status"] != "awaiting_approval":
            raise HttpError(409, f"release {release_id!r} is {record['status']}, it does not wait for an approval")
        request = check_request(self._releases.get(release_id, "approval"), decision, release_id)
        asked_by = person_of(record["requested_by"]) if record.get("requested_by") else None
        verdict = judge_decision(
            decision, caller, requested_by=asked_by, earlier_approvers=self._approvers(release_id, decision)
        )
        self._record(release_id, "release", decision, caller)
        if verdict != "second_approver_needed" and not self._answer(request, verdict, decision, caller):
            raise HttpError(409, f"release {release_id!r} was decided already, or its deadline is over")
        return verdict

    def _answer(self, request: Item, verdict: str, decision: DecideApproval, caller: Caller) -> bool:
        if verdict == "approved":
            return succeed_task(request["task_token"], {"approved_by": caller.arn, "reason": decision.reason})
        return fail_task(
            request["task_token"], "ApprovalDeniedError", f"{caller.arn}: {decision.reason or 'no reason'}"
        )

    def _on_rollout(self, record: Item, decision: DecideApproval, caller: Caller) -> str:
        """Record the answer to an inconclusive rollout; the judge reads the decision with its next poll."""
        self._record(record["release_id"], "rollout", decision, caller)
        return f"{decision.decision} recorded for the rollout"

    def _approvers(self, release_id: str, decision: DecideApproval) -> list[str]:
        return [
            str(item["approver"]).removeprefix("release#")
            for item in self._decisions.all_of(release_id)
            if item["decision"] == "approve" and item["evidence_digest"] == decision.evidence_digest
        ]

    def _record(self, release_id: str, question: str, decision: DecideApproval, caller: Caller) -> None:
        self._decisions.put(
            {
                "release_id": release_id,
                "approver": f"{question}#{caller.person}",
                "arn": caller.arn,
                "decision": decision.decision,
                "evidence_digest": decision.evidence_digest,
                "reason": decision.reason,
                "decided_at": iso(now()),
            }
        )
