"""An approval whose event was lost is found in the registry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pressrun.clock import iso
from pressrun.recovery.approvals import approval_event, lost_approvals
from pressrun.release.opening import ModelPackageStateChange, Package
from pressrun.validation import parse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ARN = "arn:aws:sagemaker:us-east-1:111111111111:model-package/reranking/7"


class FakeRegistry:
    def __init__(self, minutes_ago: float = 10, approval: str = "Approved") -> None:
        self._changed_at = iso(NOW - timedelta(minutes=minutes_ago))
        self._approval = approval

    def approved(self, group: str) -> list[str]:
        return [ARN]

    def package(self, arn: str) -> Package:
        return Package(
            arn=arn,
            group="reranking",
            version=7,
            status="Completed",
            approval=self._approval,
            changed_at=self._changed_at,
            approved_by=None,
            description={},
        )


class FakeBook:
    def __init__(self, known: dict[str, Any] | None = None, watermark_hours: float = 24) -> None:
        self._known = known
        self._watermark = iso(NOW - timedelta(hours=watermark_hours))

    def groups(self) -> list[str]:
        return ["reranking"]

    def approval(self, arn: str) -> dict[str, Any] | None:
        return self._known

    def watermark(self, now: datetime) -> str:
        return self._watermark


@pytest.mark.parametrize(
    ("registry", "book", "lost"),
    [
        (FakeRegistry(), FakeBook(), True),
        (FakeRegistry(), FakeBook({"approval": "Approved"}), False),
        (FakeRegistry(), FakeBook({"approval": "Rejected"}), True),  # approved again, and that event was lost
        (FakeRegistry(minutes_ago=1), FakeBook(), False),  # its event is still on the way
        (FakeRegistry(minutes_ago=120), FakeBook(watermark_hours=1), False),  # from before the installation
        (FakeRegistry(approval="Rejected"), FakeBook(), False),  # withdrawn since it was listed
    ],
)
def test_which_approvals_are_lost(registry: FakeRegistry, book: FakeBook, lost: bool) -> None:
    assert [package.arn for package in lost_approvals(registry, book, NOW)] == ([ARN] if lost else [])


def test_a_lost_approval_is_told_as_the_registry_would_tell_it() -> None:
    event = approval_event(FakeRegistry().package(ARN))
    assert parse(ModelPackageStateChange, event).detail.model_package_arn == ARN
