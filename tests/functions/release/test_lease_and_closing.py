from datetime import UTC, datetime
from typing import Any

import pytest

from functions.release import acquire_lease, close_release, finish_release, plan_release
from pressrun.aws.executions import Executions
from pressrun.aws.registry import Registry
from pressrun.canonical import digest
from pressrun.errors import ApprovalDeniedError, InvalidInputError, ReleaseChangedError, ReleaseSupersededError
from pressrun.service.spec import ServiceSpec
from tests.functions.conftest import BUCKET, LambdaContext, Tools

SERVICE = "reranking"
SPEC = f"specs/{SERVICE}/{'5' * 64}"


def release(tools: Tools, release_id: str, opened_at: str, status: str = "open", **values: Any) -> str:
    item = {
        "release_id": release_id,
        "record": "release",
        "service": SERVICE,
        "status": status,
        "phase": "qa: load test",
        "opened_at": opened_at,
        "stages_touched": [],
        **values,
    }
    tools.table("releases").put_item(Item=item)
    return release_id


def record(tools: Tools, release_id: str) -> dict[str, Any]:
    return dict(tools.table("releases").get_item(Key={"release_id": release_id, "record": "release"})["Item"])


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Executions that run."""
    found: set[str] = set()
    monkeypatch.setattr(Executions, "is_running", lambda _, arn: arn in found)
    return found


def acquire(context: LambdaContext, release_id: str) -> bool:
    command = {"release_id": release_id, "service": SERVICE, "holder": f"arn:{release_id}"}
    return bool(acquire_lease.handler(command, context)["acquired"])


def test_one_release_at_a_time_holds_a_service(tools: Tools, context: LambdaContext, running: set[str]) -> None:
    first = release(tools, "r-1", "2026-11-23T09:00:00Z")
    assert acquire(context, first)
    running.add("arn:r-1")
    second = release(tools, "r-2", "2026-11-23T10:00:00Z")
    assert not acquire(context, second)


def test_the_lease_of_a_closed_execution_is_taken_over(tools: Tools, context: LambdaContext, running: set[str]) -> None:
    acquire(context, release(tools, "r-1", "2026-11-23T09:00:00Z"))
    running.clear()
    release(tools, "r-1", "2026-11-23T09:00:00Z", status="rejected")
    assert acquire(context, release(tools, "r-2", "2026-11-23T10:00:00Z"))


@pytest.mark.usefixtures("running")
def test_a_release_gives_way_to_a_newer_one(tools: Tools, context: LambdaContext) -> None:
    old = release(tools, "r-1", "2026-11-23T09:00:00Z")
    release(tools, "r-2", "2026-11-23T10:00:00Z")
    with pytest.raises(ReleaseSupersededError, match="newer approval of service 'reranking'"):
        acquire(context, old)


def test_a_promoted_release_frees_the_service(tools: Tools, context: LambdaContext, running: set[str]) -> None:
    first = release(tools, "r-1", "2026-11-23T09:00:00Z")
    acquire(context, first)
    running.add("arn:r-1")
    command = {"release_id": first, "service": SERVICE, "holder": "arn:r-1"}
    assert finish_release.handler(command, context)["status"] == "promoted"
    assert acquire(context, release(tools, "r-2", "2026-11-23T10:00:00Z"))


def close(context: LambdaContext, release_id: str, **values: Any) -> dict[str, Any]:
    command = {
        "release_id": release_id,
        "service": SERVICE,
        "error": "ContractTestFailedError",
        "cause": "24 of 24 cases differ",
        "reason": "the release failed",
        "requested_by": "pressrun",
        "outcome": "failed",
        "holder": "arn:back",
        **values,
    }
    return dict(close_release.handler(command, context))


def test_a_release_stopped_before_prod_is_rejected_with_its_first_cause(tools: Tools, context: LambdaContext) -> None:
    release(tools, "r-1", "2026-11-23T09:00:00Z", stages_touched=["dev"])
    assert close(context, "r-1")["status"] == "rejected"
    failure = record(tools, "r-1")["failure"]
    assert (failure["error"], failure["cause"]) == ("ContractTestFailedError", "24 of 24 cases differ")


def test_closing_twice_keeps_the_first_end(tools: Tools, context: LambdaContext) -> None:
    release(tools, "r-1", "2026-11-23T09:00:00Z", stages_touched=["dev", "qa", "prod"])
    assert close(context, "r-1")["status"] == "rolled_back"
    close(context, "r-1", error="States.Timeout", cause="late")
    assert record(tools, "r-1")["failure"]["error"] == "ContractTestFailedError"


def test_an_operator_takes_back_what_was_promoted(tools: Tools, context: LambdaContext) -> None:
    release(tools, "r-1", "2026-11-23T09:00:00Z", status="promoted")
    close(context, "r-1", outcome="rolled_back", error=None, cause=None, requested_by="arn:bob", reason="complaints")
    found = record(tools, "r-1")
    assert (found["status"], found["closed_by"], found["close_reason"]) == ("rolled_back", "arn:bob", "complaints")


def test_an_aborted_release_says_who_stopped_it_and_why(tools: Tools, context: LambdaContext) -> None:
    release(tools, "r-1", "2026-11-23T09:00:00Z", aborted_by="arn:bob", abort_reason="not today")
    close(context, "r-1", error="States.TaskFailed", cause="the execution was stopped", outcome="aborted")
    failure = record(tools, "r-1")["failure"]
    assert (failure["error"], failure["cause"]) == ("ReleaseAbortedError", "arn:bob: not today")


def test_a_failure_does_not_take_back_what_was_promoted(tools: Tools, context: LambdaContext) -> None:
    release(tools, "r-1", "2026-11-23T09:00:00Z", status="promoted")
    assert close(context, "r-1")["status"] == "promoted"


def manifest(tools: Tools, monkeypatch: pytest.MonkeyPatch, approval: str = "Approved") -> dict[str, Any]:
    tools.publish(ServiceSpec(name=SERVICE, owner="search-team"))
    tools.put(f"{SPEC}/golden.jsonl", {"id": "one", "request": 1, "expected": 1})
    tools.put(f"{SPEC}/load.jsonl", {"request": 1})
    document = {
        "service": SERVICE,
        "model_package_arn": "arn:aws:sagemaker:us-east-1:1:model-package/reranking/7",
        "model_package_version": 7,
        "image": {"repository": "r", "digest": "sha256:" + "a" * 64, "source_sha256": None},
        "model": {"key": "k", "sha256": "b" * 64, "url": "s3://b/k"},
        "spec": {"key": f"{SPEC}/service.json", "digest": "5" * 64},
        "code_revision": "test",
        "approved_since": "2026-11-23T09:00:00.000Z",
    }
    tools.put("evidence/r-1/manifest.json", document)
    release(tools, "r-1", "2026-11-23T09:00:00Z", manifest_digest=digest(document))
    package = {
        "ModelPackageArn": document["model_package_arn"],
        "ModelPackageGroupName": SERVICE,
        "ModelPackageVersion": 7,
        "ModelPackageStatus": "Completed",
        "ModelApprovalStatus": approval,
        "CreationTime": datetime(2026, 11, 23, tzinfo=UTC),
    }
    monkeypatch.setattr(Registry, "describe", lambda *_: package)
    return document


def test_a_plan_names_the_stages_and_who_is_asked(
    tools: Tools, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tools, monkeypatch)
    planned = plan_release.handler({"release_id": "r-1"}, context)
    assert [(stage["stage"], stage["approval_seconds"]) for stage in planned["stages"]] == [
        ("dev", 0),
        ("qa", 0),
        ("prod", 86_400),
    ]


def test_a_manifest_that_was_swapped_is_refused(
    tools: Tools, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = manifest(tools, monkeypatch)
    tools.put("evidence/r-1/manifest.json", {**document, "model": {**document["model"], "sha256": "e" * 64}})
    with pytest.raises(ReleaseChangedError, match="manifest of 'r-1' has digest"):
        plan_release.handler({"release_id": "r-1"}, context)


def test_a_package_that_lost_its_approval_is_not_planned(
    tools: Tools, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tools, monkeypatch, approval="Rejected")
    with pytest.raises(ApprovalDeniedError, match="is Rejected, expected Approved"):
        plan_release.handler({"release_id": "r-1"}, context)


@pytest.mark.parametrize(
    ("name", "document", "told"),
    [
        ("golden.jsonl", {"id": "one"}, "golden set, line 1"),
        ("load.jsonl", {"body": 1}, "load samples, line 1"),
    ],
)
def test_what_the_tests_will_read_is_read_before_anything_is_touched(
    tools: Tools,
    context: LambdaContext,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    document: dict[str, Any],
    told: str,
) -> None:
    manifest(tools, monkeypatch)
    tools.put(f"{SPEC}/{name}", document)
    with pytest.raises(InvalidInputError, match=told):
        plan_release.handler({"release_id": "r-1"}, context)


def test_a_golden_set_that_was_not_published_is_named(
    tools: Tools, context: LambdaContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tools, monkeypatch)
    tools.s3.delete_object(Bucket=BUCKET, Key=f"{SPEC}/golden.jsonl")
    with pytest.raises(InvalidInputError, match=r"golden\.jsonl was not published, expected it beside the spec"):
        plan_release.handler({"release_id": "r-1"}, context)
