"""What the tables say of one stage's endpoint, and how a release claims and proves it."""

from typing import Any, Self

from pressrun.aws.tables import Endpoints, Releases
from pressrun.clock import iso, now
from pressrun.deployment.plan import StagePlan
from pressrun.errors import EndpointBusyError
from pressrun.service.spec import Variants
from pressrun.settings import Stage

PREVIOUS_KEPT = 2


class Stages:
    """The stage items of the endpoints table."""

    def __init__(self, endpoints: Endpoints, releases: Releases) -> None:
        self._endpoints = endpoints
        self._releases = releases

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables."""
        return cls(Endpoints.here(), Releases.here())

    def holder(self, service: str) -> str | None:
        """Return the execution that holds the service's lease."""
        return (self._endpoints.get(service, "lease") or {}).get("holder")

    def item(self, service: str, stage: Stage) -> dict[str, Any] | None:
        """Return what is recorded of a stage's endpoint."""
        return self._endpoints.get(service, stage)

    def variants(self, service: str, stage: Stage) -> tuple[str, str]:
        """Return the names of stable and canary, as the last claim recorded them."""
        found = Variants.model_validate((self._endpoints.get(service, stage) or {}).get("variants", {}))
        return found.stable, found.canary

    def claim(self, plan: StagePlan) -> None:
        """Record that the release changes this endpoint.

        The stage comes onto the release's own list first: what is on neither is what nobody would take back.

        Raises:
            EndpointBusyError: another release has not been taken back here yet.
        """
        self._touch(plan.release_id, plan.stage)
        item = self._endpoints.get(plan.service, plan.stage) or {}
        values: dict[str, Any] = {
            "endpoint_name": plan.endpoint_name,
            "variants": {"stable": plan.stable, "canary": plan.canary},
            "changing": plan.release_id,
        }
        if "live" not in item:
            values["created_by"] = plan.release_id
        free = self._endpoints.update(plan.service, plan.stage, condition={"changing": None}, **values)
        if not free and not self._endpoints.update(
            plan.service, plan.stage, condition={"changing": plan.release_id}, **values
        ):
            other = (self._endpoints.get(plan.service, plan.stage) or {}).get("changing", "another release")
            raise EndpointBusyError(plan.endpoint_name, f"being changed by {other}")

    def scaling_suspended(self, service: str, stage: Stage, suspended: bool) -> None:
        """Note whether dynamic scaling stands still, so that whoever takes over resumes it."""
        self._endpoints.update(service, stage, scaling_suspended=suspended)

    def prove(self, service: str, stage: Stage, live: dict[str, Any]) -> list[str]:
        """Make a release the stage's live one; return the releases that are kept: it and the two before it."""
        item = self._endpoints.get(service, stage) or {}
        before = item.get("live")
        previous = item.get("previous", [])
        if before and before["release_id"] != live["release_id"]:
            previous = [before, *previous][:PREVIOUS_KEPT]
        if not before or before["release_id"] != live["release_id"]:
            self._endpoints.update(service, stage, live=live, previous=previous)
        self._endpoints.update(
            service, stage, condition={"changing": live["release_id"]}, changing=None, created_by=None
        )
        return [live["release_id"], *(kept["release_id"] for kept in previous)]

    def _touch(self, release_id: str, stage: Stage) -> None:
        """Put the stage on the release's list, once."""
        while True:
            touched = self._releases.release(release_id).get("stages_touched")
            if stage in (touched or []):
                return
            if self._releases.update(
                release_id,
                "release",
                condition={"stages_touched": touched},
                stages_touched=[*(touched or []), stage],
                updated_at=iso(now()),
            ):
                return
