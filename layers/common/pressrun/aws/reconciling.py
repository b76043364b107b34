"""Where the reconciler looks, and what it does there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Self

from pressrun.aws.artifacts import Artifacts
from pressrun.aws.executions import Execution, Executions
from pressrun.aws.recovery import RecoveryDesk, stage_records
from pressrun.aws.release_book import ReleaseBook
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.scaling import VariantScaling
from pressrun.aws.sessions import own_session
from pressrun.aws.tables import Endpoints, Releases
from pressrun.aws.ways_back import WaysBack
from pressrun.clock import iso
from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.scaling import let_scale
from pressrun.recovery.approvals import approval_event
from pressrun.recovery.deaths import failure_of
from pressrun.recovery.findings import Seen
from pressrun.recovery.plan import RollBack
from pressrun.recovery.records import Lease, StageRecord
from pressrun.release.failure import Failure
from pressrun.release.opening import Package
from pressrun.rollout.traffic import give_back
from pressrun.settings import Stage, settings

SESSION = "reconcile-endpoints"
LEASE = "lease"


class Reconciler:
    """Tables, executions and endpoints, as the reconciler sees and repairs them."""

    def __init__(self, endpoints: Endpoints, desk: RecoveryDesk, executions: Executions, ways: WaysBack) -> None:
        self._endpoints = endpoints
        self._desk = desk
        self._executions = executions
        self._ways = ways

    @classmethod
    def here(cls) -> Self:
        """Reach the whole installation."""
        return cls(Endpoints.here(), RecoveryDesk.here(), Executions.here(), WaysBack.here())

    def services(self) -> list[str]:
        """Return the services that have an endpoint or a lease."""
        return sorted({item["service"] for item in self._endpoints.everything()})

    def look(self, service: str) -> Seen | None:
        """Return the service at one moment; None where its tables changed while it was looked at.

        Executions are read before endpoints, and the tables before and after both: what a release did between is
        on no endpoint yet, or has changed the tables.
        """
        before = self._endpoints.all_of(service)
        seen = self._executions_of(service, before)
        endpoints: dict[Stage, Endpoint | None] = {}
        blind = []
        for record in seen.records:
            try:
                endpoints[record.stage] = SageMakerEndpoints.of(record.stage, SESSION).describe(record.endpoint_name)
            except Exception as error:
                blind.append(f"{record.stage}: {type(error).__name__}: {error}")
        if self._endpoints.all_of(service) != before:
            return None
        return seen.model_copy(update={"endpoints": endpoints, "blind": blind})

    def return_traffic(self, record: StageRecord) -> bool:
        """Send all requests to stable; tell whether that holds already."""
        variants = (record.variants.stable, record.variants.canary)
        sagemaker = SageMakerEndpoints.of(record.stage, SESSION)
        return give_back(record.endpoint_name, variants, sagemaker, lambda _: None).in_force

    def start(self, name: str, request: RollBack) -> None:
        """Start a roll_back of this name, unless there was one ever."""
        self._ways.start(name, request)

    def resume_scaling(self, record: StageRecord) -> None:
        """Let the live variant scale again, and note it."""
        scaling = VariantScaling.of(record.stage, SESSION)
        if record.live and record.live.scaling:
            let_scale(record.endpoint_name, record.live.scaling, scaling)
        else:
            scaling.suspend(record.endpoint_name, record.variants.stable, suspended=False)
        self._desk.write_stage(record, {"scaling_suspended": None})

    def release_lease(self, service: str, lease: Lease) -> None:
        """Give back a lease if its holder still has it."""
        self._endpoints.delete(service, LEASE, condition={"holder": lease.holder})

    def _executions_of(self, service: str, items: list[dict[str, Any]]) -> Seen:
        records = stage_records(items)
        lease = next((Lease.model_validate(item) for item in items if item["stage"] == LEASE), None)
        ids = dict.fromkeys([record.changing for record in records if record.changing])
        if lease:
            ids[lease.release_id] = None
        releases = {release_id: self._desk.release(release_id) for release_id in ids}
        promoting = {
            release_id: self._executions.describe(release.execution_arn)
            for release_id, release in releases.items()
            if release and release.execution_arn
        }
        return Seen(
            service=service,
            records=records,
            lease=lease,
            holder_status=self._executions.status(lease.holder) if lease else None,
            releases=releases,
            promoting={release_id: found.status if found else None for release_id, found in promoting.items()},
            failures={release_id: _failure(found) for release_id, found in promoting.items() if _ended_badly(found)},
            attempts={release_id: self._ways.attempt(release_id) for release_id in ids},
        )


class ApprovalBook:
    """What releases know of approvals, and where a lost one is told again."""

    def __init__(self, releases: Releases, book: ReleaseBook, artifacts: Artifacts) -> None:
        self._releases = releases
        self._book = book
        self._artifacts = artifacts

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables and bucket."""
        return cls(Releases.here(), ReleaseBook.here(), Artifacts.here())

    def groups(self) -> list[str]:
        """Return the package groups that services own."""
        keys = self._artifacts.keys("groups/")
        return [key.removeprefix("groups/").removesuffix(".json") for key in keys]

    def approval(self, arn: str) -> dict[str, Any] | None:
        """Return what is known of a package's approval."""
        return self._book.approval(arn)

    def watermark(self, now: datetime) -> str:
        """Return when the installation first looked; older approvals are none of its business."""
        self._releases.put_new({"release_id": "installation", "record": "watermark", "first_looked_at": iso(now)})
        found = self._releases.get("installation", "watermark")
        return str(found["first_looked_at"]) if found else iso(now)

    def tell_again(self, package: Package) -> None:
        """Put the approval into the queue of start_release, as if its event came only now."""
        own_session().client("sqs").send_message(
            QueueUrl=settings().registry_events_queue_url, MessageBody=json.dumps(approval_event(package))
        )


def _ended_badly(execution: Execution | None) -> bool:
    return execution is not None and execution.status in {"FAILED", "TIMED_OUT", "ABORTED"}


def _failure(execution: Execution | None) -> Failure:
    if execution is None:
        return failure_of(None, None, None)
    return failure_of(execution.status, execution.error, execution.cause)
