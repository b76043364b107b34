"""Which share of the traffic the canary had, and when: weights take hold some time after they were asked for."""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.endpoint import Endpoint

SAME_SHARE = 1e-6
# SageMaker's own time of the change, and our clock, may differ by about as much.
CLOCK_SECONDS = 1.0
# A reply may be stale; an ask that left no trace for so long was overtaken and is asked again.
LOST_SECONDS = 30.0


class WeightChange(BaseModel):
    """One change of the canary's share.

    Attributes:
        share: the canary's share from then on.
        asked_at: when we asked; None for a change that somebody else made.
        in_force_at: from when on it surely holds; None while it does not.
        uncertain_from: until when the share before it surely held.
    """

    model_config = ConfigDict(frozen=True)

    share: float
    asked_at: datetime | None = None
    in_force_at: datetime | None = None
    uncertain_from: datetime | None = None


def observe(
    changes: list[WeightChange], endpoint: Endpoint, canary: str, seen_at: datetime, now: datetime
) -> list[WeightChange]:
    """Take what the endpoint shows now into the history.

    Args:
        changes: the history so far, oldest first; only the last may be open.
        endpoint: as it is.
        canary: the canary's name.
        seen_at: when the endpoint was looked at before.
        now: the present moment.
    """
    if not endpoint.weights_hold:
        return changes
    share = endpoint.share_of(canary)
    last = changes[-1] if changes else None
    if last and last.in_force_at is None:
        if abs(last.share - share) < SAME_SHARE:
            return [*changes[:-1], _in_force(last, endpoint, last.asked_at or seen_at, seen_at, now)]
        lost = last.asked_at is None or (now - last.asked_at).total_seconds() > LOST_SECONDS
        return changes[:-1] if lost else changes
    if abs(share_in_force(changes) - share) >= SAME_SHARE:
        return [*changes, _in_force(WeightChange(share=share), endpoint, seen_at, seen_at, now)]
    return changes


def share_in_force(changes: list[WeightChange]) -> float:
    """Return the share that holds by the history: a canary begins at 0."""
    held = [change.share for change in changes if change.in_force_at is not None]
    return held[-1] if held else 0.0


def is_open(changes: list[WeightChange]) -> bool:
    """Tell whether a change was asked for that does not hold yet."""
    return bool(changes) and changes[-1].in_force_at is None


def share_during(changes: list[WeightChange], start: datetime, end: datetime) -> float | None:
    """Return the share that held from start to end, or None if it may have changed between."""
    share = 0.0
    for change in changes:
        if change.in_force_at is None:
            continue
        if change.in_force_at <= start:
            share = change.share
        elif (change.uncertain_from or change.in_force_at) < end:
            return None
    return share


def _in_force(
    change: WeightChange, endpoint: Endpoint, asked_at: datetime, seen_at: datetime, now: datetime
) -> WeightChange:
    """Date a change: by SageMaker's own time of it (LastModifiedTime) if that fits, else between our last two looks."""
    clock = timedelta(seconds=CLOCK_SECONDS)
    modified = endpoint.modified_at
    if asked_at - clock <= modified <= now + clock:
        return change.model_copy(update={"in_force_at": modified + clock, "uncertain_from": modified - clock})
    return change.model_copy(update={"in_force_at": now, "uncertain_from": max(asked_at, seen_at)})
