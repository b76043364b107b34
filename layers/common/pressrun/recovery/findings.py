"""What stands wrong with a service although nobody works on it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.records import Lease, ReleaseRecord, StageRecord
from pressrun.release.failure import Failure
from pressrun.release.records import CLOSED
from pressrun.rollout.traffic import is_returned
from pressrun.settings import Stage

RUNNING = "RUNNING"

Kind = Literal["unattended_canary", "abandoned_release", "strayed_endpoint", "suspended_scaling", "forgotten_lease"]


class Finding(BaseModel):
    """One thing that is wrong.

    Attributes:
        release_id: of an abandoned release: the one to take back; of a strayed endpoint: the one to serve again.
        execution: the roll_back to start; None where all attempts were made.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    reason: str
    stage: Stage | None = None
    release_id: str | None = None
    execution: str | None = None


class Seen(BaseModel):
    """A service at one moment: tables, executions, endpoints.

    Attributes:
        releases: each release that changes an endpoint or holds the lease, if it has a record.
        promoting: status of promote_release of each of them. failures: how those ended that ended badly.
        attempts: ways back of each of them.
        holder_status: status of the lease's holder.
        endpoints: each stage's endpoint, None where there is none; without the stages that could not be looked at.
        blind: why stages could not be looked at.
    """

    service: str
    records: list[StageRecord]
    lease: Lease | None = None
    holder_status: str | None = None
    releases: dict[str, ReleaseRecord | None] = {}
    promoting: dict[str, str | None] = {}
    failures: dict[str, Failure] = {}
    attempts: dict[str, Attempt] = {}
    endpoints: dict[Stage, Endpoint | None] = {}
    blind: list[str] = []

    def attended(self, release_id: str) -> bool:
        """Tell whether an execution works on the release, forwards or back."""
        attempt = self.attempts.get(release_id)
        return self.promoting.get(release_id) == RUNNING or bool(attempt and attempt.running)


def find(seen: Seen, now: datetime) -> list[Finding]:
    """Return what is wrong, the most urgent first: readers leave an unattended canary before all else."""
    held = seen.lease is not None and seen.holder_status == RUNNING
    found = [_canary(seen, record) for record in seen.records if not _works(seen, record, held=held)]
    found += [_abandoned(seen, release_id) for release_id in _left_behind(seen)]
    if not held:
        found += [_strayed(seen, record, now) for record in seen.records]
        found += [_suspended(record) for record in seen.records]
        found.append(_forgotten(seen))
    return [finding for finding in found if finding]


def restore_name(release_id: str, now: datetime) -> str:
    """Name the execution that restores an endpoint: the same for ten minutes, so that a failing one is not repeated."""
    return f"{release_id}-restore-{now:%Y%m%dT%H}{now.minute // 10}0"


def _works(seen: Seen, record: StageRecord, *, held: bool) -> bool:
    return seen.attended(record.changing) if record.changing else held


def _canary(seen: Seen, record: StageRecord) -> Finding | None:
    endpoint = seen.endpoints.get(record.stage)
    if endpoint is None or is_returned(endpoint, record.variants.canary):
        return None
    share = endpoint.share_of(record.variants.canary)
    return Finding(
        kind="unattended_canary",
        stage=record.stage,
        release_id=record.changing,
        reason=f"{record.endpoint_name} sends {share:.0%} of its requests to a canary that nobody judges",
    )


def _left_behind(seen: Seen) -> list[str]:
    """Return releases that touch an endpoint or hold the lease, have not ended, and are nobody's work."""
    touching = [record.changing for record in seen.records if record.changing]
    if seen.lease and seen.holder_status != RUNNING:
        release = seen.releases.get(seen.lease.release_id)
        if release and release.status not in CLOSED:
            touching.append(seen.lease.release_id)
    return [release_id for release_id in dict.fromkeys(touching) if not seen.attended(release_id)]


def _abandoned(seen: Seen, release_id: str) -> Finding:
    status = seen.promoting.get(release_id) or "gone"
    return Finding(
        kind="abandoned_release",
        release_id=release_id,
        execution=seen.attempts[release_id].free,
        reason=f"release {release_id} has not ended, its promote_release is {status} and no roll_back runs",
    )


def _strayed(seen: Seen, record: StageRecord, now: datetime) -> Finding | None:
    if record.changing or record.live is None or record.stage not in seen.endpoints:
        return None
    endpoint = seen.endpoints[record.stage]
    if endpoint is None:
        what = "is gone"
    elif endpoint.status in BROKEN:
        what = f"is {endpoint.status}"
    elif endpoint.free and endpoint.config_name != record.live.config_name:
        what = f"serves {endpoint.config_name}"
    else:
        return None
    return Finding(
        kind="strayed_endpoint",
        stage=record.stage,
        release_id=record.live.release_id,
        execution=restore_name(record.live.release_id, now),
        reason=f"{record.endpoint_name} in {record.stage} {what}, expected {record.live.config_name}",
    )


def _suspended(record: StageRecord) -> Finding | None:
    if record.changing or not record.scaling_suspended:
        return None
    return Finding(
        kind="suspended_scaling",
        stage=record.stage,
        reason=f"scaling of {record.endpoint_name} in {record.stage} stands still and nobody works on it",
    )


def _forgotten(seen: Seen) -> Finding | None:
    if seen.lease is None:
        return None
    release = seen.releases.get(seen.lease.release_id)
    if (release and release.status not in CLOSED) or any(record.changing for record in seen.records):
        return None  # a way back takes the lease over and gives it back
    return Finding(
        kind="forgotten_lease",
        release_id=seen.lease.release_id,
        reason=f"the lease is held by {seen.lease.holder}, which is {seen.holder_status or 'gone'}",
    )
