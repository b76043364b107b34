"""One look of a rollout's machine: judge the next poll if its numbers are there, and say what follows."""

import json
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import iso
from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.errors import ConfigRolledBackError, EndpointFailedError, InvalidInputError, MetricsMissingError
from pressrun.rollout.judge import decide
from pressrun.rollout.metrics import MetricSource
from pressrun.rollout.poll import PollCounts, count, is_complete
from pressrun.rollout.record import Rollout, RolloutBook
from pressrun.rollout.traffic import opened
from pressrun.rollout.weights import SAME_SHARE, is_open, observe, share_during, share_in_force
from pressrun.settings import Stage

# Late numbers are looked for again after this time, at most MOST_WAITS times: see shift_traffic's arithmetic.
AGAIN_SECONDS = 5
MOST_WAITS = 250
# Where no numbers come at all, a poll is judged as it is, without them, after this multiple of the usual wait.
PATIENCE = 3
LEAST_PATIENCE_SECONDS = 30
LONGEST_WAIT_SECONDS = 300


class JudgeCanary(BaseModel):
    """Judge one poll."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name", "poll"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    poll: int = Field(ge=1)


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


def judge_canary(command: JudgeCanary, endpoint: Endpoint | None, desk: Desk, now: datetime) -> Judgement:
    """Judge the poll if it is complete; a poll that was judged before gets the same answer again.

    Raises:
        EndpointFailedError, ConfigRolledBackError: the endpoint does not serve the rollout any more.
        MetricsMissingError: too many polls were late.
    """
    rollout = _opened(command, desk.book)
    if command.poll == rollout.number and rollout.answer:
        return Judgement.model_validate_json(rollout.answer)
    found = _serving(rollout, endpoint)
    changes = observe(rollout.changes, found, rollout.canary, rollout.seen_at, now)
    rollout = rollout.model_copy(update={"changes": changes, "seen_at": now})
    if now < rollout.due_at(command.poll):
        return _again(rollout, command.poll, rollout.due_at(command.poll))
    window = rollout.bounds(command.poll)
    share = share_during(changes, *window)
    counts = count(
        desk.metrics,
        rollout.endpoint_name,
        (rollout.stable, rollout.canary),
        window,
        _asked(rollout),
        rollout.statistic,
    )
    if not is_complete(counts, rollout.rate, share, rollout.poll_seconds) and now < _patience_ends(rollout, window[1]):
        return _wait(rollout, command.poll, desk.book, now)
    return _judge(rollout, command.poll, share, counts, found, desk, now)


def _judge(
    rollout: Rollout,
    number: int,
    share: float | None,
    counts: PollCounts,
    endpoint: Endpoint,
    desk: Desk,
    now: datetime,
) -> Judgement:
    rate = (counts.control.n + counts.canary.n) / rollout.poll_seconds
    poll: dict[str, Any] = {
        "number": number,
        "t": float(number * rollout.poll_seconds),
        "weights": share,
        "rate": rate,
        "control": counts.control.as_json(),
        "canary": counts.canary.as_json(),
    }
    if rollout.judge is None:
        poll["config"] = json.loads(rollout.config)
    state, decision = decide(json.loads(rollout.judge) if rollout.judge else None, poll)
    verdict, reason = _with_operator(rollout, decision, desk)
    end = rollout.bounds(number)[1]
    wait = min(max(rollout.wait_seconds, (now - end).total_seconds()), LONGEST_WAIT_SECONDS)
    after = rollout.model_copy(
        update={"number": number, "wait_seconds": wait if rollout.late else rollout.wait_seconds}
    )
    answer = Judgement(
        verdict=verdict,
        reason=reason,
        share=decision["share"],
        shift=_has_to_shift(rollout, decision["share"], endpoint),
        judged=True,
        poll=number + 1,
        next_at=iso(after.due_at(number + 1)),
        share_in_force=share_in_force(rollout.changes),
    )
    values: dict[str, Any] = {
        "judge": json.dumps(state),
        "decision": json.dumps(decision),
        "answer": answer.model_dump_json(),
        "wait_seconds": after.wait_seconds,
        "late": False,
        "rate": rate,
        "changes": rollout.changes,
        "seen_at": now,
        "statistic": counts.statistic,
    }
    if verdict == "inconclusive" and rollout.inconclusive_at is None:
        desk.announcer.inconclusive(rollout, decision)
        values["inconclusive_at"] = now
    if verdict in {"promote", "roll_back"}:
        values |= {"decided_at": now, "verdict": verdict, "reason": reason}
    noted = {"poll": poll, "decision": {**decision, "verdict": verdict, "reason": reason}, "judged_at": iso(now)}
    kept = desk.book.judged(after, {**noted, "ln_e": state.get("ln_e")}, **values)
    return Judgement.model_validate_json(kept.answer or "")


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


def _opened(command: JudgeCanary, book: RolloutBook) -> Rollout:
    rollout = opened(book, command.release_id, command.stage)
    if command.poll not in {rollout.number, rollout.number + 1}:
        raise InvalidInputError(
            f"poll: {command.poll} was asked for, expected {rollout.number} or {rollout.number + 1}"
        )
    return rollout


def _serving(rollout: Rollout, endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None or endpoint.status in BROKEN:
        status, why = (endpoint.status, endpoint.failure_reason) if endpoint else ("gone", "")
        raise EndpointFailedError(rollout.endpoint_name, status, why)
    expected = f"{rollout.release_id}-open"
    if endpoint.config_name != expected:
        raise ConfigRolledBackError(endpoint.name, endpoint.config_name, expected, endpoint.failure_reason)
    return endpoint


def _asked(rollout: Rollout) -> dict[str, list[float]]:
    """Return the thresholds that the last decision asked for."""
    thresholds: dict[str, list[float]] = json.loads(rollout.decision)["thresholds"] if rollout.decision else {}
    return thresholds


def _patience_ends(rollout: Rollout, end: datetime) -> datetime:
    wait = rollout.wait_seconds
    return end + timedelta(seconds=max(PATIENCE * wait, wait + LEAST_PATIENCE_SECONDS))


def _has_to_shift(rollout: Rollout, share: float, endpoint: Endpoint) -> bool:
    """Tell whether to ask for a share now: one change at a time, only while the endpoint takes it, and never down.

    A raise that was withdrawn may have landed meanwhile: the share in force is kept then. Going back has its own way.
    """
    if is_open(rollout.changes) or not endpoint.free:
        return False
    return share - share_in_force(rollout.changes) >= SAME_SHARE


def _wait(rollout: Rollout, number: int, book: RolloutBook, now: datetime) -> Judgement:
    """Look again soon for numbers that are late."""
    if rollout.waits >= MOST_WAITS:
        raise MetricsMissingError(
            f"numbers of endpoint {rollout.endpoint_name!r} were late {rollout.waits} times in this rollout, last of "
            f"poll {number}; expected them {rollout.wait_seconds:g} s after a poll's end"
        )
    book.change(rollout, waits=rollout.waits + 1, late=True, changes=rollout.changes, seen_at=now)
    return _again(rollout, number, now + timedelta(seconds=AGAIN_SECONDS))


def _again(rollout: Rollout, number: int, moment: datetime) -> Judgement:
    share = share_in_force(rollout.changes)
    return Judgement(
        verdict="continue",
        reason=f"poll {number} is not complete",
        share=share,
        shift=False,
        judged=False,
        poll=number,
        next_at=iso(moment),
        share_in_force=share,
    )
