"""What is made of one poll whose numbers are there: the judge's decision, and what follows from it."""

import json
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.clock import iso
from pressrun.deployment.endpoint import Endpoint
from pressrun.rollout.judge import decide
from pressrun.rollout.metrics import MetricSource
from pressrun.rollout.poll import PollCounts
from pressrun.rollout.record import Rollout, RolloutBook
from pressrun.rollout.weights import SAME_SHARE, is_open, share_in_force

LONGEST_WAIT_SECONDS = 300


class Judgement(BaseModel):
    """What follows.

    Attributes:
        poll: the poll to judge next. next_at: when.
        share: the canary's share wanted. shift: it has to be asked for now.
        judged: a poll was judged; otherwise its numbers are not there yet.
    """

    model_config = ConfigDict(frozen=True)

    verdict: str
    reason: str
    share: float
    shift: bool
    judged: bool
    poll: int
    next_at: str
    share_in_force: float


class Operators(Protocol):
    """Operators' answers to an inconclusive rollout."""

    def answer(self, release_id: str, since: datetime) -> str | None:
        """Return ``approve`` or ``reject`` if one was given since then."""


class Announcer(Protocol):
    """Tells operators that a rollout is inconclusive."""

    def inconclusive(self, rollout: Rollout, decision: dict[str, Any]) -> None:
        """Put the event."""


class Desk(NamedTuple):
    """Everything a judgement needs besides the judge."""

    book: RolloutBook
    metrics: MetricSource
    operators: Operators
    announcer: Announcer


class Look(NamedTuple):
    """A look at a poll.

    share: the canary's, None if it changed. endpoint: as it is now, which is after the poll.
    """

    number: int
    share: float | None
    counts: PollCounts
    endpoint: Endpoint
    now: datetime


def judge(rollout: Rollout, look: Look, desk: Desk) -> Judgement:
    """Judge a poll and record it; where it was recorded before, the answer of then stands."""
    poll = _poll(rollout, look)
    state, decision = decide(json.loads(rollout.judge) if rollout.judge else None, poll)
    verdict, reason = _with_operator(rollout, decision, desk)
    after = rollout.model_copy(update={"number": look.number, "wait_seconds": _wait_seconds(rollout, look)})
    answer = Judgement(
        verdict=verdict,
        reason=reason,
        share=decision["share"],
        shift=_has_to_shift(rollout, decision["share"], look.endpoint),
        judged=True,
        poll=look.number + 1,
        next_at=iso(after.due_at(look.number + 1)),
        share_in_force=share_in_force(rollout.changes),
    )
    values = {
        "judge": json.dumps(state),
        "decision": json.dumps(decision),
        "answer": answer.model_dump_json(),
        **_seen(after, look, poll["rate"]),
        **_turn(rollout, verdict, reason, look.now),
    }
    if "inconclusive_at" in values:
        desk.announcer.inconclusive(rollout, decision)
    told = {**decision, "verdict": verdict, "reason": reason}
    noted = {"poll": poll, "decision": told, "judged_at": iso(look.now), "ln_e": state.get("ln_e")}
    return Judgement.model_validate_json(desk.book.judged(after, noted, **values).answer or "")


def _poll(rollout: Rollout, look: Look) -> dict[str, Any]:
    """Return the poll as the judge takes it; its configuration comes with the first."""
    control, canary = look.counts.control, look.counts.canary
    poll: dict[str, Any] = {
        "number": look.number,
        "t": float(look.number * rollout.poll_seconds),
        "weights": look.share,
        "rate": (control.n + canary.n) / rollout.poll_seconds,
        "control": control.as_json(),
        "canary": canary.as_json(),
    }
    return poll if rollout.judge else {**poll, "config": json.loads(rollout.config)}


def _wait_seconds(rollout: Rollout, look: Look) -> float:
    """Return how long the next poll is waited for: longer from now on if this one's numbers were late."""
    taken = (look.now - rollout.bounds(look.number)[1]).total_seconds()
    return min(max(rollout.wait_seconds, taken), LONGEST_WAIT_SECONDS) if rollout.late else rollout.wait_seconds


def _seen(rollout: Rollout, look: Look, rate: float) -> dict[str, Any]:
    """Return what the next look has to know of this one."""
    return {
        "wait_seconds": rollout.wait_seconds,
        "late": False,
        "rate": rate,
        "changes": rollout.changes,
        "seen_at": look.now,
        "statistic": look.counts.statistic,
    }


def _turn(rollout: Rollout, verdict: str, reason: str, now: datetime) -> dict[str, Any]:
    """Return what is recorded once: that an operator is asked, or how and when the rollout was decided."""
    if verdict == "inconclusive" and rollout.inconclusive_at is None:
        return {"inconclusive_at": now}
    if verdict in {"promote", "roll_back"}:
        return {"decided_at": now, "verdict": verdict, "reason": reason}
    return {}


def _with_operator(rollout: Rollout, decision: dict[str, Any], desk: Desk) -> tuple[str, str]:
    """Return verdict and reason: where the judge is not sure, an operator's answer stands."""
    verdict, reason = str(decision["verdict"]), str(decision["reason"])
    if verdict != "inconclusive" or rollout.inconclusive_at is None:
        return verdict, reason
    given = desk.operators.answer(rollout.release_id, rollout.inconclusive_at)
    if given == "approve":
        return "promote", f"an operator approved the rollout while it was inconclusive: {reason}"
    if given == "reject":
        return "roll_back", f"an operator rejected the rollout while it was inconclusive: {reason}"
    return verdict, reason


def _has_to_shift(rollout: Rollout, share: float, endpoint: Endpoint) -> bool:
    """Tell whether to ask for a share now: one change at a time, only while the endpoint takes it, and never down.

    A raise that was withdrawn may have landed meanwhile: the share in force is kept then. Going back has its own way.
    """
    if is_open(rollout.changes) or not endpoint.free:
        return False
    return share - share_in_force(rollout.changes) >= SAME_SHARE
