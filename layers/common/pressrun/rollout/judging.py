"""One look of a rollout's machine: judge the next poll if its numbers are there, and say what follows."""

import json
from datetime import datetime, timedelta
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import iso
from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.errors import ConfigRolledBackError, EndpointFailedError, InvalidInputError, MetricsMissingError
from pressrun.rollout.judgement import Desk, Judgement, Look, judge
from pressrun.rollout.poll import count, is_complete
from pressrun.rollout.record import Rollout, RolloutBook
from pressrun.rollout.traffic import opened
from pressrun.rollout.weights import observe, share_during, share_in_force
from pressrun.settings import Stage

# Late numbers are looked for again after this time, at most MOST_WAITS times: see shift_traffic's arithmetic.
AGAIN_SECONDS = 5
MOST_WAITS = 250
# Where no numbers come at all, a poll is judged as it is, without them, after this multiple of the usual wait.
PATIENCE = 3
LEAST_PATIENCE_SECONDS = 30


class JudgeCanary(BaseModel):
    """Judge one poll."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name", "poll"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    poll: int = Field(ge=1)


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
    return judge(rollout, Look(command.poll, share, counts, found, now), desk)


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
