"""Opening a release: the event is a hint, the registry is read, everything is pinned."""

from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pressrun.errors import ModelPackageError, PressrunError
from pressrun.release.manifest import Manifest, partial_digest, release_id, service_like

Result = Literal["started", "already_open", "ignored", "stopped", "rejected"]


class ModelPackageStateChange(BaseModel):
    """The part of a registry event that is read: which package. Everything else is read from the registry."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    class Detail(BaseModel):
        """The event's detail."""

        model_config = ConfigDict(frozen=True, extra="ignore")

        model_package_arn: str = Field(
            alias="ModelPackageArn", pattern=r"^arn:aws[\w-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/.+$"
        )
        model_package_group_name: str | None = Field(default=None, alias="ModelPackageGroupName")

    source: Literal["aws.sagemaker"]
    detail_type: Literal["SageMaker Model Package State Change"] = Field(alias="detail-type")
    detail: Detail


class Package(BaseModel):
    """A model package as the registry has it now."""

    model_config = ConfigDict(frozen=True)

    arn: str
    group: str
    version: int
    status: str
    approval: str
    changed_at: str
    approved_by: str | None
    description: dict[str, Any]


class Opened(BaseModel):
    """What opening came to."""

    model_config = ConfigDict(frozen=True)

    result: Result
    release_id: str | None
    reason: str


class Claim(BaseModel):
    """Which release an unbroken stretch of approval became."""

    model_config = ConfigDict(frozen=True)

    release_id: str
    attempt: int
    approved_since: str
    requested_by: str | None


class Pinning(Protocol):
    """Pins a package's parts."""

    def service_of(self, package: Package) -> str:
        """Return the service that owns the package's group, or raise UnknownServiceError."""

    def pin(self, package: Package, service: str, approved_since: str) -> Manifest:
        """Copy and hash everything the package is made of."""


class Book(Protocol):
    """The record of releases."""

    def approval(self, arn: str) -> dict[str, Any] | None:
        """Return what is known of a package's approval."""

    def claim(self, package: Package, claim: "Claim", before: dict[str, Any] | None) -> bool:
        """Note that this stretch of approval belongs to the release, unless somebody else was first."""

    def withdraw(self, package: Package) -> str | None:
        """Note that the package is not approved any more; return its open release, if any."""

    def keep(self, manifest: Manifest, release_id: str) -> None:
        """Write the manifest once, before anything refers to it."""

    def reject(self, package: Package, service: str, claim: "Claim", error: PressrunError) -> None:
        """Write the record of a release that could not be opened."""

    def ensure_started(self, release_id: str) -> None:
        """Write the release's record from its manifest and start its execution, unless that was done."""

    def live_approved_since(self, service: str) -> str | None:
        """Return when the package that is live in prod was approved."""


def open_release(package: Package, pinning: Pinning, book: Book, *, retry: bool = False) -> Opened:
    """Open the release of an approved package, once for an unbroken stretch of approval.

    Args:
        package: as the registry has it now.
        pinning: copies and hashes what the package is made of.
        book: remembers which approval became which release.
        retry: open another attempt of a package that is approved still.
    """
    if package.approval != "Approved":
        stopped = book.withdraw(package)
        if stopped:
            return Opened(result="stopped", release_id=stopped, reason=f"the package is {package.approval}")
        return Opened(result="ignored", release_id=None, reason=f"the package is {package.approval}")
    known = book.approval(package.arn)
    unbroken = known is not None and known["approval"] == "Approved"
    if unbroken and known is not None and not retry:
        book.ensure_started(known["claimed_by"])
        return Opened(result="already_open", release_id=known["claimed_by"], reason="this approval has its release")
    return _open(package, pinning, book, known, retry=retry)


def _open(package: Package, pinning: Pinning, book: Book, known: dict[str, Any] | None, *, retry: bool) -> Opened:
    attempt = int(known["attempt"]) + 1 if known else 1
    approved_since = known["approved_since"] if known and retry else package.changed_at
    service = service_like(package.group)
    try:
        service = pinning.service_of(package)
        if package.status != "Completed":
            raise ModelPackageError(f"model package {package.arn} is {package.status}, expected Completed")
        _check_newer(package, approved_since, book.live_approved_since(service), retry=retry)
        manifest = pinning.pin(package, service, approved_since)
    except PressrunError as error:
        claim = _claim(
            service, package, partial_digest({"arn": package.arn, "error": str(error)}), attempt, approved_since
        )
        if book.claim(package, claim, known):
            book.reject(package, service, claim, error)
        return Opened(result="rejected", release_id=claim.release_id, reason=f"{type(error).__name__}: {error}")
    claim = _claim(service, package, manifest.digest(), attempt, approved_since)
    book.keep(manifest, claim.release_id)
    if not book.claim(package, claim, known):
        return Opened(result="already_open", release_id=None, reason="another delivery of this approval was first")
    book.ensure_started(claim.release_id)
    return Opened(result="started", release_id=claim.release_id, reason="everything it is made of is pinned")


def _claim(service: str, package: Package, digest: str, attempt: int, approved_since: str) -> Claim:
    return Claim(
        release_id=release_id(service, package.version, digest, attempt),
        attempt=attempt,
        approved_since=approved_since,
        requested_by=package.approved_by,
    )


def _check_newer(package: Package, approved_since: str, live_since: str | None, *, retry: bool) -> None:
    if not retry and live_since is not None and approved_since < live_since:
        raise ModelPackageError(
            f"model package {package.arn} was approved {approved_since}, before the live one ({live_since}): "
            "expected a newer approval; `pressrun release roll-back` goes back to an older release"
        )
