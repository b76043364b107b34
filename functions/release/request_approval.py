"""RequestApproval: ask an operator, and bind the answer to the evidence there is now."""

from datetime import timedelta

from pressrun.aws.events import Bus
from pressrun.aws.evidence import Evidence
from pressrun.aws.tables import Releases
from pressrun.canonical import digest
from pressrun.clock import iso, now
from pressrun.release.approval import ApprovalRequested, RequestApproval
from pressrun.step import step


@step(RequestApproval)
def handler(command: RequestApproval) -> ApprovalRequested:
    """Store the task token beside the evidence's digest; a repeated request replaces the first."""
    releases = Releases.here()
    evidence_digest = digest(Evidence.here().digests(command.release_id))
    moment = now()
    deadline_at = iso(moment + timedelta(seconds=command.deadline_seconds))
    releases.put(
        {
            "release_id": command.release_id,
            "record": "approval",
            "task_token": command.task_token,
            "evidence_digest": evidence_digest,
            "stage": command.stage,
            "requested_at": iso(moment),
            "deadline_at": deadline_at,
        }
    )
    releases.note(command.release_id, f"{command.stage}: approval", status="awaiting_approval")
    requested = ApprovalRequested(evidence_digest=evidence_digest, deadline_at=deadline_at)
    Bus.here().put(
        "ApprovalRequested",
        {
            "release_id": command.release_id,
            "service": command.service,
            "stage": command.stage,
            **requested.model_dump(mode="json"),
        },
    )
    return requested
