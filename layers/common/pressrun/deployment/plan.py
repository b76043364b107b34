"""The plan of one stage: how this release gets onto its endpoint there."""

from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.documents import Pinned
from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.errors import EndpointFailedError, LeaseLostError, ReleaseChangedError
from pressrun.service.spec import StageSpec
from pressrun.settings import Stage

Phase = Literal["whole", "open", "settle"]


class PlanStage(BaseModel):
    """Plan one stage of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    holder: str


class StagePlan(BaseModel):
    """All that the later steps of the stage need to know.

    Attributes:
        strategy: what is done: ``create`` where there is no endpoint, else the spec's strategy.
        phase: the first phase; ``open`` is followed by a rollout and ``settle``.
        live_config: the config that is proven and in force, None for a service's first release here.
        instance_count: of the new variant: what stable has now, or the spec's minimum.
        load_test: the input of `run_load_test`, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    strategy: Literal["create", "replace", "weights"]
    phase: Phase
    stable: str
    canary: str
    live_config: str | None
    instance_type: str
    instance_count: int
    poll_seconds: int
    load_test: dict[str, Any] | None


class StageBook(Protocol):
    """The part of the endpoints and releases tables that a plan needs."""

    def holder(self, service: str) -> str | None:
        """Return the execution that holds the service's lease."""

    def item(self, service: str, stage: Stage) -> dict[str, Any] | None:
        """Return what is recorded of the stage's endpoint."""

    def claim(self, plan: StagePlan) -> None:
        """Record, before the first effect, that the release changes this endpoint."""


def plan_stage(command: PlanStage, pinned: Pinned, endpoint: Endpoint | None, book: StageBook) -> StagePlan:
    """Decide how the release gets onto the endpoint, and record that it starts to.

    Raises:
        LeaseLostError: another execution holds the service.
        EndpointFailedError: the endpoint is broken, or serves something that nobody proved.
        ReleaseChangedError: the endpoint serves another config than the last proven one.
    """
    holder = book.holder(command.service)
    if holder != command.holder:
        raise LeaseLostError(f"service {command.service!r} is held by {holder or 'nobody'}, expected {command.holder}")
    item = book.item(command.service, command.stage) or {}
    if endpoint is not None:
        _check_proven(command, item, endpoint)
    found = _plan(command, pinned, endpoint, item)
    book.claim(found)
    return found


def _plan(command: PlanStage, pinned: Pinned, endpoint: Endpoint | None, item: dict[str, Any]) -> StagePlan:
    spec = pinned.spec.stages.of(command.stage)
    new = endpoint is None or "live" not in item
    strategy = "create" if new else spec.strategy
    return StagePlan(
        release_id=command.release_id,
        service=command.service,
        stage=command.stage,
        endpoint_name=command.endpoint_name,
        strategy=strategy,
        phase="open" if strategy == "weights" else "whole",
        stable=pinned.spec.variants.stable,
        canary=pinned.spec.variants.canary,
        live_config=item["live"]["config_name"] if "live" in item and not new else None,
        instance_type=spec.instance_types[0],
        instance_count=_count(spec, endpoint, pinned.spec.variants.stable),
        poll_seconds=pinned.spec.rollout.poll_seconds,
        load_test=_load_test(command, pinned, spec, pinned.spec.variants.canary if strategy == "weights" else None),
    )


def _check_proven(command: PlanStage, item: dict[str, Any], endpoint: Endpoint) -> None:
    """Refuse to build on an endpoint that no finished release answers for."""
    if endpoint.status in BROKEN:
        raise EndpointFailedError(
            endpoint.name, endpoint.status, endpoint.failure_reason or "roll the service back before a new release"
        )
    ours = {f"{command.release_id}-{kind}" for kind in ("open", "live")}
    if endpoint.config_name in ours:
        return
    if "live" not in item:
        raise EndpointFailedError(
            endpoint.name,
            endpoint.status,
            f"it serves {endpoint.config_name!r}, which no release of {command.service!r} has proven in "
            f"{command.stage}; delete the endpoint to let the first release create it",
        )
    proven = item["live"]["config_name"]
    if endpoint.config_name != proven:
        raise ReleaseChangedError(
            f"endpoint {endpoint.name!r} in {command.stage} serves config {endpoint.config_name!r}, "
            f"expected the last proven one, {proven!r}"
        )


def _count(spec: StageSpec, endpoint: Endpoint | None, stable: str) -> int:
    """Give the new variant what stable has now, so that it can carry all of the traffic."""
    present = endpoint.variant(stable) if endpoint else None
    return min(max(present.desired_count if present else 0, spec.instances.min), spec.instances.max)


def _load_test(command: PlanStage, pinned: Pinned, spec: StageSpec, variant: str | None) -> dict[str, Any] | None:
    """Return the complete input of `run_load_test`; its seed is the release's, so a repeated test is the same test."""
    if spec.load_test is None:
        return None
    return {
        "release_id": command.release_id,
        "service": command.service,
        "stage": command.stage,
        "endpoint_name": command.endpoint_name,
        "variant": variant,
        "samples_key": pinned.key("load.jsonl"),
        "requests_per_second": spec.load_test.requests_per_second,
        "seconds": spec.load_test.seconds,
        "seed": int(pinned.manifest.digest()[:8], 16),
        "slo": pinned.spec.slo.model_dump(),
    }
