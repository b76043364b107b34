"""A release's record and what its states mean."""

from typing import Literal

from pressrun.release.failure import Failure

Status = Literal["open", "awaiting_approval", "rolling_out", "promoted", "rejected", "rolled_back", "superseded"]
Outcome = Literal["failed", "rolled_back", "aborted", "superseded"]

CLOSED: frozenset[str] = frozenset({"promoted", "rejected", "rolled_back", "superseded"})
# A release in one of these has not touched prod's traffic: a newer approval takes its place.
WAITING: frozenset[str] = frozenset({"open", "awaiting_approval"})

EVENT_OF: dict[str, str] = {
    "promoted": "ReleasePromoted",
    "rejected": "ReleaseRejected",
    "rolled_back": "ReleaseRolledBack",
    "superseded": "ReleaseSuperseded",
}


def closing_status(outcome: Outcome, failure: Failure, stages_touched: list[str]) -> Status:
    """Name the end of a release that was not promoted.

    A release that touched prod was rolled back; one that was stopped before was rejected.
    """
    if outcome == "superseded" or failure.error == "ReleaseSupersededError":
        return "superseded"
    if outcome == "rolled_back" or "prod" in stages_touched:
        return "rolled_back"
    return "rejected"
