"""The evidence of a rollout: everything that was seen and decided, and when."""

from typing import Any

from pressrun.clock import iso
from pressrun.rollout.record import Rollout


def evidence(rollout: Rollout, polls: list[dict[str, Any]], outcome: str) -> dict[str, Any]:
    """Return the document of a rollout that is over."""
    return {
        "endpoint_name": rollout.endpoint_name,
        "outcome": outcome,
        "verdict": rollout.verdict,
        "reason": rollout.reason,
        "started_at": iso(rollout.started_at),
        "first_poll_at": iso(rollout.first_poll_at),
        "poll_seconds": rollout.poll_seconds,
        "lag_seconds": rollout.lag_seconds,
        "late_looks": rollout.waits,
        "weight_changes": [change.model_dump(mode="json") for change in rollout.changes],
        "decided_at": iso(rollout.decided_at) if rollout.decided_at else None,
        "returned": rollout.returned.model_dump(mode="json") if rollout.returned else None,
        "decision_to_accepted_seconds": _accepted_after(rollout),
        "polls": polls,
    }


def _accepted_after(rollout: Rollout) -> float | None:
    """Return the seconds from the decision to the call that SageMaker took, for a rollout that went back."""
    if rollout.decided_at is None or rollout.returned is None or rollout.returned.accepted_at is None:
        return None
    return round((rollout.returned.accepted_at - rollout.decided_at).total_seconds(), 3)
