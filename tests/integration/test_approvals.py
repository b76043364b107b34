"""One release through the command line: asked for, refused, approved, aborted, tried again, rejected.

Each fixture takes the release one step further, so the tests follow each other in this order.
"""

from typing import Any

import pytest

from pressrun_cli.errors import CommandError
from tests.integration.command_line import pressrun, shown
from tests.integration.product import Echo, Product, echo, until

WRONG = "0" * 64


@pytest.fixture(scope="module")
def asking(product: Product) -> Echo:
    """Return a service whose releases wait for somebody's approval before their first stage."""
    stages = {"dev": {"load_test": None, "approval": {}}, "qa": {"load_test": None}, "prod": {"approval": None}}
    return echo(product, stages=stages)


@pytest.fixture(scope="module")
def waiting(product: Product, asking: Echo) -> str:
    """Return a release that waits; alice approved its package in the registry."""
    release_id = asking.approve(person="alice")
    until(lambda: product.release(release_id)["status"] == "awaiting_approval")
    return release_id


@pytest.fixture(scope="module")
def approved(product: Product, waiting: str) -> dict[str, Any]:
    """Let bob approve the release; return what he was told."""
    told = pressrun(product, "release", "approve", waiting, "--reason", "reads well", person="bob")
    return dict(told)


@pytest.fixture(scope="module")
def aborted(product: Product, asking: Echo, approved: dict[str, Any]) -> dict[str, Any]:
    """Let alice abort the release in the middle of dev; return its record in the end."""
    release_id = approved["release_id"]
    until(lambda: product.stage(asking.name, "dev").get("changing") == release_id)
    pressrun(product, "release", "abort", release_id, "--reason", "not today", person="alice")
    return asking.ended(release_id)


@pytest.fixture(scope="module")
def again(product: Product, aborted: dict[str, Any]) -> str:
    """Let bob open the next attempt, and wait until it waits."""
    told = pressrun(product, "release", "retry", aborted["release_id"], "--reason", "now", person="bob")
    release_id = str(told["release_id"])
    until(lambda: product.release(release_id).get("status") == "awaiting_approval")
    return release_id


@pytest.fixture(scope="module")
def rejected(product: Product, asking: Echo, again: str) -> dict[str, Any]:
    """Let bob reject the second attempt; return its record in the end."""
    pressrun(product, "release", "reject", again, "--reason", "wrong season", person="bob")
    return asking.ended(again)


def refused(product: Product, release_id: str, told: str, *more: str, person: str | None) -> None:
    before = shown(product, release_id)
    with pytest.raises(CommandError, match=told):
        pressrun(product, "release", "approve", release_id, *more, person=person)
    assert shown(product, release_id) == before


def test_a_request_names_stage_and_evidence_and_keeps_its_token(product: Product, waiting: str) -> None:
    found = shown(product, waiting)
    assert found["requested_by"].endswith(":assumed-role/alice/alice")
    assert found["approval_request"]["stage"] == "dev"
    assert set(found["evidence"]) == {"image", "manifest", "plan"}
    assert "task_token" not in str(found)


def test_who_approved_the_package_does_not_approve_its_release(product: Product, waiting: str) -> None:
    refused(product, waiting, "alice approved the model package, expected somebody else", person="alice")


def test_nobody_approves_other_evidence(product: Product, waiting: str) -> None:
    seen = shown(product, waiting)["approval_request"]["evidence_digest"]
    refused(product, waiting, f"is {seen}, you sent {WRONG}", "--evidence-digest", WRONG, person="bob")


def test_an_accounts_root_approves_nothing(product: Product, waiting: str) -> None:
    refused(product, waiting, "account's root, expected a person", person=None)


def test_somebody_else_lets_the_release_go_on(
    product: Product, asking: Echo, waiting: str, approved: dict[str, Any]
) -> None:
    assert approved["outcome"] == "approved"
    until(lambda: product.stage(asking.name, "dev").get("changing") == waiting)
    found = shown(product, waiting)
    (decision,) = found["decisions"]
    assert (decision["decision"], decision["reason"]) == ("approve", "reads well")
    assert decision["arn"].endswith(":assumed-role/bob/bob")
    assert decision["evidence_digest"] == found["approval_request"]["evidence_digest"]


def test_an_aborted_release_leaves_nothing_behind(product: Product, asking: Echo, aborted: dict[str, Any]) -> None:
    assert aborted["failure"]["error"] == "ReleaseAbortedError"
    assert "not today" in aborted["failure"]["cause"]
    assert aborted["aborted_by"].endswith(":assumed-role/alice/alice")
    assert product.client("sagemaker", "dev").list_endpoints(NameContains=asking.name)["Endpoints"] == []


def test_a_retried_release_is_the_next_attempt_and_is_asked_for_again(
    product: Product, aborted: dict[str, Any], again: str
) -> None:
    found = shown(product, again)
    assert found["model_package_arn"] == aborted["model_package_arn"]
    assert (found["attempt"], found["decisions"]) == (2, [])


def test_a_rejected_release_ends_with_the_operators_words(product: Product, rejected: dict[str, Any]) -> None:
    assert (rejected["status"], rejected["stages_touched"]) == ("rejected", [])
    assert rejected["failure"]["error"] == "ApprovalDeniedError"
    assert "bob" in rejected["failure"]["cause"]
    assert "wrong season" in rejected["failure"]["cause"]


def test_what_has_ended_is_neither_approved_nor_aborted(product: Product, rejected: dict[str, Any]) -> None:
    release_id = rejected["release_id"]
    refused(product, release_id, "does not wait for an approval", "--evidence-digest", WRONG, person="bob")
    with pytest.raises(CommandError, match="is rejected, expected one that is open"):
        pressrun(product, "release", "abort", release_id, "--reason", "why not", person="bob")
