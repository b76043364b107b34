"""Bringing one endpoint back to its proven config: look, make the next move, look again.

The endpoint alone says what is next, so a move may be repeated, lost or overtaken without harm.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, Field

from pressrun.clock import parse_iso
from pressrun.deployment.endpoint import BROKEN, Endpoint
from pressrun.errors import ConfigRolledBackError, EndpointBusyError, EndpointFailedError, NothingProvenError
from pressrun.recovery.plan import StagePlan
from pressrun.recovery.records import Proven

Move = Literal["wait", "delete", "create", "update", "done"]

# How often one stage asks SageMaker for the same thing before it is reported: a silent rollback repeats itself.
MOST_MOVES = 4
# A bad config keeps an endpoint in Creating for about an hour; AWS's own maintenance takes longer.
LONGEST_CHANGE = timedelta(minutes=75)
LONGEST_MAINTENANCE = timedelta(hours=4)


class RestoreEndpoint(StagePlan):
    """Make the next move towards the proven config.

    Attributes:
        moves: how many moves were made so far.
        since: when this stage began to go back.
    """

    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    moves: int = Field(default=0, ge=0)
    since: str


class Restoring(BaseModel):
    """How far an endpoint is."""

    state: Literal["changing", "restored"]
    moves: int
    status: str


class Endpoints(Protocol):
    """The part of SageMaker that brings an endpoint back."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None where there is none."""

    def config(self, name: str) -> dict[str, Any] | None:
        """Return an endpoint config as SageMaker describes it, or None."""

    def create_endpoint(self, endpoint_name: str, config_name: str, tags: dict[str, str]) -> None:
        """Ask for a new endpoint."""

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        """Ask for another config; raises EndpointBusyError on a busy endpoint."""

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Ask for an endpoint's end."""


class Scaling(Protocol):
    """The part of Application Auto Scaling that stands in the way of an update."""

    def deregister(self, endpoint_name: str, variant: str) -> None:
        """Take a variant out of scaling; one that is not in it is fine."""


class Proof(Protocol):
    """What is kept of proven releases, enough to make their configs again."""

    def tags(self, plan: StagePlan) -> dict[str, str]:
        """Return the tags of an endpoint that serves the plan's target."""

    def make_again(self, plan: StagePlan) -> None:
        """Make model and config of the plan's target again, from its manifest."""


def next_move(command: RestoreEndpoint, found: Endpoint | None, now: datetime) -> Move:
    """Decide the next move from what the endpoint is.

    Raises:
        EndpointBusyError: the endpoint has been changing for too long.
        NothingProvenError: the endpoint is there, but no finished release proved a config for it.
    """
    if found is None:
        return "create" if command.target else "done"
    if found.status not in BROKEN and not found.free:
        longest = LONGEST_MAINTENANCE if found.status == "SystemUpdating" else LONGEST_CHANGE
        if now - parse_iso(command.since) > longest:
            raise EndpointBusyError(command.endpoint_name, found.status)
        return "wait"
    if command.target is None:
        if command.delete:
            return "delete"
        raise NothingProvenError(command.endpoint_name, command.stage)
    if found.status in BROKEN:
        return "delete"
    return "done" if found.config_name == command.target.config_name else "update"


def restore(command: RestoreEndpoint, endpoints: Endpoints, scaling: Scaling, proof: Proof, now: datetime) -> Restoring:
    """Make the next move.

    Raises:
        ConfigRolledBackError: SageMaker went back from the proven config again and again.
        EndpointFailedError: the endpoint failed with the proven config again and again.
        NothingProvenError: no proven config, or SageMaker has it no more.
    """
    found = endpoints.describe(command.endpoint_name)
    status = found.status if found else "gone"
    move = next_move(command, found, now)
    if move == "done":
        return Restoring(state="restored", moves=command.moves, status=status)
    if move == "wait":
        return Restoring(state="changing", moves=command.moves, status=status)
    if command.moves >= MOST_MOVES:
        raise _given_up(command, found)
    try:
        _make(move, command, found, endpoints, scaling, proof)
    except EndpointBusyError:  # somebody was faster; the next look shows what it became
        return Restoring(state="changing", moves=command.moves, status=status)
    return Restoring(state="changing", moves=command.moves + 1, status=status)


def stand_in_the_way(present: dict[str, Any] | None, target: dict[str, Any]) -> list[str]:
    """Return the variants that must leave scaling before the update: those that go or change their instance type."""
    wanted = {variant["VariantName"]: variant.get("InstanceType") for variant in target["ProductionVariants"]}
    return [
        variant["VariantName"]
        for variant in (present or {}).get("ProductionVariants", [])
        if wanted.get(variant["VariantName"]) != variant.get("InstanceType")
    ]


def _make(
    move: Move,
    command: RestoreEndpoint,
    found: Endpoint | None,
    endpoints: Endpoints,
    scaling: Scaling,
    proof: Proof,
) -> None:
    name = command.endpoint_name
    target = _config(command, command.target, endpoints, proof) if command.target else None
    if move == "delete":
        for variant in found.variants if found else []:
            scaling.deregister(name, variant.name)
        endpoints.delete_endpoint(name)
    elif target and found is None:
        endpoints.create_endpoint(name, target["EndpointConfigName"], proof.tags(command))
    elif target and found:
        for variant_name in stand_in_the_way(endpoints.config(found.config_name), target):
            scaling.deregister(name, variant_name)
        endpoints.update_endpoint(name, target["EndpointConfigName"], keep_counts=True)


def _config(command: RestoreEndpoint, target: Proven, endpoints: Endpoints, proof: Proof) -> dict[str, Any]:
    """Return the target's config; one that somebody deleted is made again from what was pinned.

    Raises:
        NothingProvenError: it cannot be made again.
    """
    found = endpoints.config(target.config_name)
    if found is None:
        proof.make_again(command)
        found = endpoints.config(target.config_name)
    if found is None:
        raise NothingProvenError(command.endpoint_name, command.stage, target.config_name)
    return found


def _given_up(command: RestoreEndpoint, found: Endpoint | None) -> Exception:
    reason = found.failure_reason if found else "it does not come into being"
    if found and found.status == "InService" and command.target:
        return ConfigRolledBackError(
            command.endpoint_name, found.config_name, command.target.config_name, reason=reason
        )
    return EndpointFailedError(command.endpoint_name, found.status if found else "gone", reason)
