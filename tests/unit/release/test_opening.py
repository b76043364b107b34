from dataclasses import dataclass, field
from typing import Any

import pytest

from pressrun.errors import ArchiveError, PressrunError, UnknownServiceError
from pressrun.release.manifest import Manifest, PinnedImage, PinnedModel, PinnedSpec
from pressrun.release.opening import Claim, Package, open_release

ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/reranking/7"


def package(**changes: Any) -> Package:
    values: dict[str, Any] = {
        "arn": ARN,
        "group": "reranking",
        "version": 7,
        "status": "Completed",
        "approval": "Approved",
        "changed_at": "2026-11-23T09:14:06.000Z",
        "approved_by": None,
        "description": {},
    }
    return Package(**{**values, **changes})


@dataclass
class FakePinning:
    error: PressrunError | None = None
    known_groups: tuple[str, ...] = ("reranking",)

    def service_of(self, package: Package) -> str:
        if package.group not in self.known_groups:
            raise UnknownServiceError(package.group)
        return package.group

    def pin(self, package: Package, service: str, approved_since: str) -> Manifest:
        if self.error:
            raise self.error
        return Manifest(
            service=service,
            model_package_arn=package.arn,
            model_package_version=package.version,
            image=PinnedImage(repository="r", digest="sha256:" + "a" * 64),
            model=PinnedModel(key="k", sha256="b" * 64, url="s3://b/k"),
            spec=PinnedSpec(key="s", digest="c" * 64),
            code_revision="1",
            approved_since=approved_since,
        )


@dataclass
class FakeBook:
    live_since: str | None = None
    approvals: dict[str, dict[str, Any]] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    started: list[str] = field(default_factory=list)
    rejected: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)

    def approval(self, arn: str) -> dict[str, Any] | None:
        return self.approvals.get(arn)

    def claim(self, package: Package, claim: Claim, before: dict[str, Any] | None) -> bool:
        if self.approvals.get(package.arn) != before:
            return False
        self.approvals[package.arn] = {
            "approval": "Approved",
            "claimed_by": claim.release_id,
            "attempt": claim.attempt,
            "approved_since": claim.approved_since,
        }
        return True

    def withdraw(self, package: Package) -> str | None:
        known = self.approvals.get(package.arn)
        if known is None or known["approval"] != "Approved":
            return None
        known["approval"] = package.approval
        self.stopped.append(known["claimed_by"])
        return str(known["claimed_by"])

    def keep(self, manifest: Manifest, release_id: str) -> None:
        self.manifests[release_id] = manifest

    def reject(self, package: Package, service: str, claim: Claim, error: PressrunError) -> None:
        self.rejected[claim.release_id] = f"{type(error).__name__}: {error}"

    def ensure_started(self, release_id: str) -> None:
        if release_id not in self.started:
            self.started.append(release_id)

    def live_approved_since(self, service: str) -> str | None:
        return self.live_since


def test_an_approved_package_opens_one_release_named_after_its_manifest() -> None:
    book = FakeBook()
    opened = open_release(package(), FakePinning(), book)
    assert opened.result == "started"
    assert opened.release_id is not None
    manifest = book.manifests[opened.release_id]
    assert opened.release_id == f"reranking-7-{manifest.digest()[:8]}-1"
    assert book.started == [opened.release_id]


def test_a_second_event_for_the_same_approval_opens_nothing() -> None:
    book = FakeBook()
    first = open_release(package(), FakePinning(), book)
    later = open_release(package(changed_at="2026-11-23T10:00:00.000Z"), FakePinning(), book)
    assert later.result == "already_open"
    assert later.release_id == first.release_id
    assert len(book.started) == 1


def test_a_repeated_event_starts_a_release_whose_start_was_lost() -> None:
    book = FakeBook()
    first = open_release(package(), FakePinning(), book)
    book.started.clear()
    open_release(package(), FakePinning(), book)
    assert book.started == [first.release_id]


def test_approving_again_after_a_rejection_opens_the_next_attempt() -> None:
    book = FakeBook()
    first = open_release(package(), FakePinning(), book)
    stopped = open_release(package(approval="Rejected", changed_at="2026-11-23T10:00:00.000Z"), FakePinning(), book)
    again = open_release(package(changed_at="2026-11-23T11:00:00.000Z"), FakePinning(), book)
    assert (stopped.result, stopped.release_id) == ("stopped", first.release_id)
    assert again.release_id is not None
    assert again.release_id.endswith("-2")


def test_a_rejection_of_a_package_without_a_release_is_ignored() -> None:
    assert open_release(package(approval="Rejected"), FakePinning(), FakeBook()).result == "ignored"


def test_a_group_that_no_service_owns_is_rejected_by_name() -> None:
    book = FakeBook()
    opened = open_release(package(group="Strange Group"), FakePinning(), book)
    assert opened.result == "rejected"
    assert book.started == []
    (told,) = book.rejected.values()
    assert told.startswith("UnknownServiceError: service 'Strange Group' has no published spec")


def test_what_cannot_be_pinned_is_rejected_with_its_own_error() -> None:
    book = FakeBook()
    opened = open_release(package(), FakePinning(error=ArchiveError("archive s3://b/k is empty")), book)
    assert opened.reason == "ArchiveError: archive s3://b/k is empty"
    assert list(book.rejected) == [opened.release_id]


def test_a_package_that_did_not_complete_is_rejected() -> None:
    opened = open_release(package(status="Failed"), FakePinning(), FakeBook())
    assert "is Failed, expected Completed" in opened.reason


def test_an_approval_older_than_the_live_one_is_not_released() -> None:
    book = FakeBook(live_since="2026-11-23T12:00:00.000Z")
    opened = open_release(package(), FakePinning(), book)
    assert opened.result == "rejected"
    assert "before the live one" in opened.reason
    assert book.started == []


def test_a_retry_of_an_older_approval_is_what_the_operator_wants() -> None:
    book = FakeBook()
    first = open_release(package(), FakePinning(), book)
    book.live_since = "2026-11-23T12:00:00.000Z"
    again = open_release(package(), FakePinning(), book, retry=True)
    assert again.result == "started"
    assert again.release_id != first.release_id


def test_a_delivery_that_loses_the_race_starts_nothing() -> None:
    class Racing(FakeBook):
        def claim(self, package: Package, claim: Claim, before: dict[str, Any] | None) -> bool:
            return False

    book = Racing()
    assert open_release(package(), FakePinning(), book).result == "already_open"
    assert book.started == []


@pytest.mark.parametrize("error", [ValueError("a bug"), RuntimeError("a throttle")])
def test_an_unexpected_error_is_not_swallowed_so_the_event_comes_again(error: Exception) -> None:
    class Broken(FakePinning):
        def pin(self, package: Package, service: str, approved_since: str) -> Manifest:
            raise error

    with pytest.raises(type(error)):
        open_release(package(), Broken(), FakeBook())
