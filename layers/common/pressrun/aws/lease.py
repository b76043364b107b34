"""Leases in DynamoDB, held by executions."""

from typing import Self

from pressrun.aws.executions import Executions
from pressrun.aws.tables import Endpoints, Item, Releases
from pressrun.aws.tokens import fail_task
from pressrun.errors import ReleaseSupersededError
from pressrun.release.lease import AcquireLease, Contender, LeaseAnswer, next_step
from pressrun.release.records import CLOSED

LEASE = "lease"


class LeaseDesk:
    """Gives a service to one release at a time."""

    def __init__(self, endpoints: Endpoints, releases: Releases, executions: Executions) -> None:
        self._endpoints = endpoints
        self._releases = releases
        self._executions = executions

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables and executions."""
        return cls(Endpoints.here(), Releases.here(), Executions.here())

    def acquire(self, command: AcquireLease) -> LeaseAnswer:
        """Take the lease, wait for it, or give way.

        Raises:
            ReleaseSupersededError: a newer release of the service is open.
        """
        lease = self._endpoints.get(command.service, LEASE)
        holder = lease["holder"] if lease else None
        running = holder is not None and self._executions.is_running(holder)
        holder_release = self._contender(lease["release_id"]) if lease else None
        mine = self._releases.release(command.release_id)
        step = next_step(
            _as_contender(mine),
            self._others(command),
            holder=holder,
            my_execution=command.holder,
            holder_release=holder_release,
            holder_running=running,
        )
        if step == "give_way":
            raise ReleaseSupersededError(f"a newer approval of service {command.service!r} took the place of this one")
        if step == "supersede_holder" and holder_release:
            self._supersede(holder_release.release_id, command.release_id)
        acquired = step == "keep" or (step == "take" and self._take(command, holder))
        return LeaseAnswer(acquired=acquired, held_by=command.holder if acquired else holder)

    def release(self, service: str, holder: str) -> bool:
        """Give the lease back, if it is the holder's."""
        return self._endpoints.delete(service, LEASE, condition={"holder": holder})

    def _take(self, command: AcquireLease, before: str | None) -> bool:
        item = {"service": command.service, "stage": LEASE, "holder": command.holder, "release_id": command.release_id}
        if before is None:
            return self._endpoints.put_new(item)
        return self._endpoints.put_if(item, "holder = :before", {":before": before})

    def _others(self, command: AcquireLease) -> list[Contender]:
        found = self._releases.of_service(command.service)
        return [
            _as_contender(item)
            for item in found
            if item["release_id"] != command.release_id and item["status"] not in CLOSED
        ]

    def _contender(self, release_id: str) -> Contender | None:
        found = self._releases.get(release_id, "release")
        return _as_contender(found) if found else None

    def _supersede(self, old: str, new: str) -> None:
        request = self._releases.get(old, "approval")
        if request:
            fail_task(request["task_token"], "ReleaseSupersededError", f"release {new!r} is newer and waits")


def _as_contender(item: Item) -> Contender:
    return Contender(release_id=item["release_id"], opened_at=item["opened_at"], status=item["status"])
