"""The tables and executions that ways back are planned from."""

from typing import Any, Self

from pressrun.aws.evidence import Evidence
from pressrun.aws.executions import Executions, execution_arn
from pressrun.aws.tables import Endpoints, Releases
from pressrun.recovery.plan import RollBackPlan, StagePlan
from pressrun.recovery.planning import PlanRollBack
from pressrun.recovery.records import Lease, ReleaseRecord, StageRecord
from pressrun.release.records import CLOSED
from pressrun.settings import STAGES, Stage, settings

LEASE = "lease"


class RecoveryDesk:
    """What is known of releases and endpoints when something has to go back."""

    def __init__(self, endpoints: Endpoints, releases: Releases, executions: Executions, evidence: Evidence) -> None:
        self._endpoints = endpoints
        self._releases = releases
        self._executions = executions
        self._evidence = evidence

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables, executions and bucket."""
        return cls(Endpoints.here(), Releases.here(), Executions.here(), Evidence.here())

    def records(self, service: str) -> list[StageRecord]:
        """Return the service's endpoints as they are now."""
        return stage_records(self._endpoints.all_of(service))

    def record(self, service: str, stage: str) -> StageRecord | None:
        """Return one endpoint of a service."""
        found = self._endpoints.get(service, stage)
        return StageRecord.model_validate(found) if found else None

    def endpoint(self, stage: Stage, endpoint_name: str) -> StageRecord | None:
        """Return the record of an endpoint, whichever service it belongs to."""
        found = stage_records(self._endpoints.everything())
        return next((each for each in found if (each.stage, each.endpoint_name) == (stage, endpoint_name)), None)

    def release(self, release_id: str) -> ReleaseRecord | None:
        """Return a release's record."""
        found = self._releases.get(release_id, "release")
        return ReleaseRecord.model_validate(found) if found else None

    def open_release(self, service: str) -> str | None:
        """Return the release of the service that has not ended and has begun to change endpoints."""
        changing = {record.changing for record in self.records(service)}
        for item in self._releases.of_service(service):
            if item["status"] not in CLOSED and (item["release_id"] in changing or item.get("stages_touched")):
                return str(item["release_id"])
        return None

    def lease(self, service: str) -> Lease | None:
        """Return who holds the service."""
        found = self._endpoints.get(service, LEASE)
        return Lease.model_validate(found) if found else None

    def take_lease(self, service: str, lease: Lease, before: str | None) -> bool:
        """Take the lease from its former holder, if that still holds it; tell whether it did."""
        item = {"service": service, "stage": LEASE, **lease.model_dump()}
        if before is None:
            return self._endpoints.put_new(item)
        return self._endpoints.put_if(item, "holder = :before", {":before": before})

    def is_running(self, execution_arn: str) -> bool:
        """Tell whether an execution runs."""
        return self._executions.is_running(execution_arn)

    def children(self, release_id: str) -> list[str]:
        """Return the ARNs that a release's executions below promote_release have or would have."""
        deploy, shift, load = settings().child_machine_arns
        return [
            execution_arn(machine, f"{release_id}-{stage}{suffix}")
            for stage in STAGES
            for machine, suffix in ((deploy, ""), (shift, "-shift"), (load, "-load"))
        ]

    def stop(self, execution_arn: str, error: str, cause: str) -> None:
        """Stop an execution."""
        self._executions.stop(execution_arn, error, cause)

    def claim(self, plan: StagePlan) -> bool:
        """Mark the endpoint as changed by the release that is left, unless another release changes it."""
        return any(
            self._endpoints.update(plan.service, plan.stage, condition={"changing": standing}, changing=plan.release_id)
            for standing in (plan.release_id, None)
        )

    def note(self, command: PlanRollBack, plan: RollBackPlan) -> None:
        """Write who went back, why, and what is planned, into the record and the evidence."""
        attempt = command.execution_arn.rsplit(":", 1)[-1].removeprefix(f"{plan.release_id}-")
        document: dict[str, Any] = {
            "execution_arn": command.execution_arn,
            "requested_by": command.requested_by,
            "reason": command.reason,
            "to": command.to,
            "error": command.error,
            "cause": command.cause,
            "stages": [stage.model_dump() for stage in plan.stages],
        }
        self._evidence.put(plan.release_id, f"roll-{attempt}", document)
        if plan.closes:
            self._releases.update(
                plan.closes,
                "release",
                rolled_back_by=command.requested_by,
                roll_back_reason=command.reason,
                roll_back_arn=command.execution_arn,
                back_to=command.to,
            )

    def prove(self, release_id: str, name: str, document: dict[str, Any]) -> str:
        """Write evidence once; return its sha256."""
        return self._evidence.put(release_id, name, document)

    def write_stage(self, record: StageRecord, values: dict[str, Any]) -> bool:
        """Write an endpoint's attributes if the release that changes it is still the one that was read."""
        return self._endpoints.update(record.service, record.stage, condition={"changing": record.changing}, **values)


def stage_records(items: list[dict[str, Any]]) -> list[StageRecord]:
    """Return the endpoints among the items of the endpoints table."""
    return [StageRecord.model_validate(item) for item in items if item["stage"] in STAGES]
