"""Whom a blown fuse is held against."""

from datetime import UTC, datetime, timedelta

import pytest

from pressrun.clock import iso
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.fuse import Fuse, after_fuse, fuse_of, suspect
from pressrun.recovery.records import Proven, ReleaseRecord, StageRecord

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STABLE, CANARY = (Fuse(endpoint_name="text-embedding", variant=name) for name in ("stable", "canary"))


def record(*, minutes_live: float = 600, changing: str | None = None, alone: bool = False) -> StageRecord:
    at = iso(NOW - timedelta(minutes=minutes_live))
    return StageRecord(
        service="text-embedding",
        stage="prod",
        endpoint_name="text-embedding",
        live=Proven(release_id="v2", config_name="v2-live", at=at),
        previous=() if alone else (Proven(release_id="v1", config_name="v1-live"),),
        changing=changing,
    )


@pytest.mark.parametrize(
    ("name", "fuse"),
    [
        ("pressrun-text-embedding-canary-5xx", CANARY),
        ("pressrun-text-embedding-stable-5xx", STABLE),
        ("pressrun-control-reconciler-failing", None),
        ("text-embedding-canary-5xx", None),
    ],
)
def test_a_fuse_is_known_by_its_name(name: str, fuse: Fuse | None) -> None:
    assert fuse_of(name) == fuse


@pytest.mark.parametrize("fuse", [CANARY, STABLE])
def test_while_a_release_changes_the_endpoint_it_is_that_one(fuse: Fuse) -> None:
    assert suspect(fuse, record(changing="v3"), NOW, NOW) == "v3"


def test_a_release_that_went_live_lately_is_suspected() -> None:
    assert suspect(STABLE, record(minutes_live=59), NOW, NOW) == "v2"


@pytest.mark.parametrize(
    ("fuse", "found", "minutes_late"),
    [
        (STABLE, record(minutes_live=61), 0),  # the world's fault, more likely
        (STABLE, record(minutes_live=5, alone=True), 0),  # nothing to go back to
        (STABLE, record(minutes_live=5), 10),  # raised before it went live
        (CANARY, record(minutes_live=5), 0),  # of a rollout that has ended
        (CANARY, record(changing="v3"), 16),  # late: says nothing about now
    ],
)
def test_nobody_is_suspected(fuse: Fuse, found: StageRecord, minutes_late: int) -> None:
    assert suspect(fuse, found, NOW - timedelta(minutes=minutes_late), NOW) is None


def release(opened_at: str = "") -> ReleaseRecord:
    return ReleaseRecord(
        release_id="v3", service="text-embedding", status="rolling_out", execution_arn="arn:v3", opened_at=opened_at
    )


FREE = Attempt(running=None, free="v3-back")


def test_a_running_rollout_is_stopped_first() -> None:
    decision = after_fuse(record(changing="v3"), release(), FREE, raised_at=NOW, promoting="RUNNING")
    assert (decision.stop, decision.start) == ("arn:v3", "v3-back")


def test_a_way_back_that_runs_is_not_disturbed() -> None:
    running = Attempt(running="v3-back", free=None)
    decision = after_fuse(record(changing="v3"), release(), running, raised_at=NOW, promoting="RUNNING")
    assert (decision.stop, decision.start) == (None, None)


def test_an_alarm_from_before_the_release_opened_is_about_another() -> None:
    opened = release(iso(NOW + timedelta(minutes=1)))
    assert after_fuse(record(changing="v3"), opened, FREE, raised_at=NOW, promoting="RUNNING").start is None
