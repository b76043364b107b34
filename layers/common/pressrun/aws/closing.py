"""The end of a release in tables, events and the lease."""

from typing import Any, Self

from pressrun.aws.events import Bus
from pressrun.aws.lease import LeaseDesk
from pressrun.aws.tables import Releases
from pressrun.clock import iso, now
from pressrun.release.closing import Closed, CloseRelease, FinishRelease
from pressrun.release.failure import Failure, root_failure
from pressrun.release.records import CLOSED, EVENT_OF, closing_status


class ClosingDesk:
    """Closes releases."""

    def __init__(self, releases: Releases, leases: LeaseDesk, bus: Bus) -> None:
        self._releases = releases
        self._leases = leases
        self._bus = bus

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables and bus."""
        return cls(Releases.here(), LeaseDesk.here(), Bus.here())

    def promote(self, command: FinishRelease) -> Closed:
        """Record a release as promoted; the event comes before the lease is free for the next."""
        moment = iso(now())
        self._write(command.release_id, command.service, "promoted", "promoted", promoted_at=moment)
        self._leases.release(command.service, command.holder)
        return Closed(release_id=command.release_id, status="promoted")

    def close(self, command: CloseRelease) -> Closed:
        """Record how a release ended that was not promoted, or was taken back."""
        failure = root_failure(command.error, command.cause) if command.error else None
        status = "rolled_back"
        if command.release_id:
            status = self._close(command.release_id, command, failure)
        self._leases.release(command.service, command.holder)
        return Closed(
            release_id=command.release_id,
            status=status,
            error=failure.error if failure else None,
            cause=failure.cause if failure else None,
        )

    def _close(self, release_id: str, command: CloseRelease, failure: Failure | None) -> str:
        record = self._releases.release(release_id)
        taken_back = command.outcome == "rolled_back" and record["status"] == "promoted"
        if record["status"] in CLOSED and not taken_back:
            return str(record["status"])
        if "abort_reason" in record:
            # The event that tells of a stopped execution need not say why; the record does.
            cause = f"{record['aborted_by']}: {record['abort_reason']}"
            failure = Failure(error="ReleaseAbortedError", cause=cause)
        told = failure or Failure(error="", cause=command.reason)
        status = closing_status(command.outcome, told, record["stages_touched"])
        stage = str(record.get("phase", "")).split(":", 1)[0]
        values: dict[str, Any] = {"closed_by": command.requested_by, "close_reason": command.reason}
        if failure:
            values["failure"] = {**failure.model_dump(), "stage": stage}
        self._write(release_id, command.service, status, str(record.get("phase", status)), **values)
        return status

    def _write(self, release_id: str, service: str, status: str, phase: str, **values: Any) -> None:
        moment = iso(now())
        self._releases.update(
            release_id, "release", status=status, phase=phase, updated_at=moment, closed_at=moment, **values
        )
        detail = {"release_id": release_id, "service": service}
        failure = values.get("failure")
        if failure:
            detail["reason"] = f"{failure['error']}: {failure['cause']}"
        self._bus.put(EVENT_OF[status], detail)
