"""Reconciling: what neither a Catch nor an event repaired is found by looking, each minute."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.recovery.findings import Finding, Seen, find
from pressrun.recovery.plan import PRESSRUN, RollBack
from pressrun.recovery.records import Lease, StageRecord


class Reconciled(BaseModel):
    """What one look came to.

    Attributes:
        endpoints: which were compared.
        found: what was wrong, in words.
        given_up: releases whose every attempt was made; a person has to look.
        failed: services and packages that could not be looked at or repaired, and why.
        approvals: packages whose lost approval was told again.
    """

    model_config = ConfigDict(frozen=True)

    endpoints: list[str] = []
    found: list[str] = []
    given_up: list[str] = []
    failed: list[str] = []
    approvals: list[str] = []


class World(Protocol):
    """Where a service is looked at and repaired."""

    def services(self) -> list[str]:
        """Return the services that have an endpoint or a lease."""

    def look(self, service: str) -> Seen | None:
        """Return the service at one moment; None where its tables changed while it was looked at."""

    def return_traffic(self, record: StageRecord) -> bool:
        """Send all requests to stable; tell whether that holds already."""

    def start(self, name: str, request: RollBack) -> None:
        """Start a roll_back of this name, unless there was one ever."""

    def resume_scaling(self, record: StageRecord) -> None:
        """Let the live variant scale again, and note it."""

    def release_lease(self, service: str, lease: Lease) -> None:
        """Give back a lease if its holder still has it."""


def reconcile(world: World, now: datetime, report: Callable[[str, Finding], None]) -> Reconciled:
    """Look at every service and repair what is wrong; one that fails stops no other.

    Args:
        world: tables, executions and endpoints.
        now: the present moment.
        report: told of each finding, with its service.
    """
    done = Reconciled()
    for service in world.services():
        try:
            seen = world.look(service)
        except Exception as error:
            done.failed.append(_told(service, error))
            continue
        if seen is not None:
            done.failed.extend(f"{service}: {reason}" for reason in seen.blind)
            done.endpoints.extend(f"{service} in {stage}" for stage in seen.endpoints)
            _repair_all(seen, find(seen, now), world, done, report)
    return done


def _repair_all(
    seen: Seen, findings: list[Finding], world: World, done: Reconciled, report: Callable[[str, Finding], None]
) -> None:
    for finding in findings:
        report(seen.service, finding)
        done.found.append(f"{seen.service}: {finding.reason}")
        if finding.kind == "abandoned_release" and finding.execution is None:
            done.given_up.append(finding.reason)
        try:
            _repair(seen, finding, world)
        except Exception as error:
            done.failed.append(_told(seen.service, error))


def _told(service: str, error: Exception) -> str:
    return f"{service}: {type(error).__name__}: {error}"


def _repair(seen: Seen, finding: Finding, world: World) -> None:
    record = next((each for each in seen.records if each.stage == finding.stage), None)
    if finding.kind == "unattended_canary" and record:
        world.return_traffic(record)
    elif finding.kind == "abandoned_release" and finding.execution:
        world.start(finding.execution, _back(seen, finding))
    elif finding.kind == "strayed_endpoint" and finding.execution and record:
        world.start(finding.execution, _restored(seen, finding))
    elif finding.kind == "suspended_scaling" and record:
        world.resume_scaling(record)
    elif finding.kind == "forgotten_lease" and seen.lease:
        world.release_lease(seen.service, seen.lease)


def _back(seen: Seen, finding: Finding) -> RollBack:
    release = seen.releases.get(finding.release_id or "")
    failure = seen.failures.get(finding.release_id or "")
    return RollBack(
        release_id=finding.release_id,
        service=seen.service,
        to=release.back_to if release else None,
        reason=finding.reason,
        requested_by=PRESSRUN,
        error=failure.error if failure else None,
        cause=failure.cause if failure else None,
    )


def _restored(seen: Seen, finding: Finding) -> RollBack:
    stage = finding.stage
    return RollBack(
        release_id=finding.release_id,
        service=seen.service,
        reason=finding.reason,
        requested_by=PRESSRUN,
        restore=(stage,) if stage else (),
    )
