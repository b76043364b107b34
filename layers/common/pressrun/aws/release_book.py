"""The record of releases in DynamoDB and S3, and the start of their executions."""

from typing import Any, Self

from pressrun.aws.events import Bus
from pressrun.aws.evidence import Evidence
from pressrun.aws.executions import Executions
from pressrun.aws.tables import Endpoints, Releases
from pressrun.clock import iso, now
from pressrun.errors import PressrunError
from pressrun.release.manifest import Manifest
from pressrun.release.opening import Claim, Package
from pressrun.release.records import CLOSED
from pressrun.settings import settings


class ReleaseBook:
    """Which approval became which release."""

    def __init__(self, releases: Releases, endpoints: Endpoints, evidence: Evidence, bus: Bus) -> None:
        self._releases = releases
        self._endpoints = endpoints
        self._evidence = evidence
        self._bus = bus

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own tables, bucket and bus."""
        return cls(Releases.here(), Endpoints.here(), Evidence.here(), Bus.here())

    def approval(self, arn: str) -> dict[str, Any] | None:
        """Return what is known of a package's approval."""
        return self._releases.get(_package_key(arn), "approval")

    def claim(self, package: Package, claim: Claim, before: dict[str, Any] | None) -> bool:
        """Note that this stretch of approval belongs to the release, unless somebody else was first."""
        item = {
            "release_id": _package_key(package.arn),
            "record": "approval",
            "approval": "Approved",
            "claimed_by": claim.release_id,
            "attempt": claim.attempt,
            "approved_since": claim.approved_since,
            **({"requested_by": claim.requested_by} if claim.requested_by else {}),
        }
        if before is None:
            return self._releases.put_new(item)
        return self._releases.put_if(
            item,
            "attempt = :attempt AND approval = :approval",
            {":attempt": before["attempt"], ":approval": before["approval"]},
        )

    def withdraw(self, package: Package) -> str | None:
        """Note that the package is not approved any more; return its open release, if any, which is stopped."""
        known = self.approval(package.arn)
        if known is None or known["approval"] != "Approved":
            return None
        self._releases.update(_package_key(package.arn), "approval", approval=package.approval)
        record = self._releases.get(known["claimed_by"], "release")
        if record is None or record["status"] in CLOSED or "execution_arn" not in record:
            return None
        Executions.here().stop(
            record["execution_arn"],
            error="ApprovalDeniedError",
            cause=f"model package {package.arn} is {package.approval} in the registry since {package.changed_at}",
        )
        return str(known["claimed_by"])

    def keep(self, manifest: Manifest, release_id: str) -> None:
        """Write the manifest once, before anything refers to it."""
        self._evidence.put_same(release_id, "manifest", manifest.model_dump(mode="json"))

    def reject(self, package: Package, service: str, claim: Claim, error: PressrunError) -> None:
        """Write the record of a release that could not be opened."""
        failure = {"error": type(error).__name__, "cause": str(error), "stage": "open"}
        written = self._releases.put_new(
            _record(service, package.arn, package.version, claim, status="rejected", phase="open", failure=failure)
        )
        if written:
            self._bus.put(
                "ReleaseRejected",
                {"release_id": claim.release_id, "service": service, "reason": f"{failure['error']}: {error}"},
            )

    def ensure_started(self, release_id: str) -> None:
        """Write the release's record from its manifest and start its execution, unless that was done."""
        record = self._releases.get(release_id, "release")
        if record is None:
            record = self._open(release_id)
        if record["status"] in CLOSED or "execution_arn" in record:
            return
        arn = Executions.here().start(settings().promote_release_arn, release_id, {"release_id": release_id})
        self._releases.update(release_id, "release", execution_arn=arn)
        self._bus.put(
            "ReleaseStarted",
            {"release_id": release_id, "service": record["service"], "model_package_arn": record["model_package_arn"]},
        )

    def live_approved_since(self, service: str) -> str | None:
        """Return when the package that is live in prod was approved."""
        live = (self._endpoints.get(service, "prod") or {}).get("live")
        record = self._releases.get(live["release_id"], "release") if live else None
        return record["approved_since"] if record else None

    def _open(self, release_id: str) -> dict[str, Any]:
        manifest = Manifest.model_validate(self._evidence.get(release_id, "manifest"))
        known = self.approval(manifest.model_package_arn)
        if known is None:
            raise PressrunError(f"release {release_id!r} has a manifest, but no approval claims it")
        claim = Claim(
            release_id=release_id,
            attempt=known["attempt"],
            approved_since=known["approved_since"],
            requested_by=known.get("requested_by"),
        )
        arn, version = manifest.model_package_arn, manifest.model_package_version
        item = _record(
            manifest.service, arn, version, claim, status="open", phase="open", manifest_digest=manifest.digest()
        )
        self._releases.put_new(item)
        return self._releases.release(release_id)


def _package_key(arn: str) -> str:
    return f"package#{arn}"


def _record(service: str, arn: str, version: int, claim: Claim, **values: Any) -> dict[str, Any]:
    moment = iso(now())
    return {
        "release_id": claim.release_id,
        "record": "release",
        "service": service,
        "model_package_arn": arn,
        "version": version,
        "attempt": claim.attempt,
        "approved_since": claim.approved_since,
        "opened_at": moment,
        "updated_at": moment,
        "stages_touched": [],
        **({"requested_by": claim.requested_by} if claim.requested_by else {}),
        **values,
    }
