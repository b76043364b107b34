"""What a dead execution comes to."""

import json
from typing import Any

import pytest

from pressrun.recovery.attempts import Attempt
from pressrun.recovery.deaths import ExecutionClosed, after_death, failure_of
from pressrun.recovery.records import ReleaseRecord

FREE = Attempt(running=None, free="reranking-3-0123abcd-1-back")
RELEASE = "reranking-3-0123abcd-1"


def event(name: str = RELEASE, given: str | None = None) -> ExecutionClosed:
    detail: dict[str, Any] = {"executionArn": f"arn:aws:states:us-east-1:1:execution:m:{name}", "name": name}
    return ExecutionClosed.model_validate(
        {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {**detail, "status": "FAILED", "input": given},
        }
    )


@pytest.mark.parametrize(
    ("name", "given", "release_id"),
    [
        (RELEASE, json.dumps({"release_id": RELEASE}), RELEASE),
        ("anything", json.dumps({"release_id": RELEASE}), RELEASE),
        (RELEASE, None, RELEASE),  # an input above 248 KiB is left out of the event
        (f"{RELEASE}-prod-shift", None, RELEASE),
        (f"{RELEASE}-back-2", json.dumps({"release_id": None}), RELEASE),
        ("nightly-report", json.dumps({"day": 1}), None),
        ("nightly-report", "not JSON", None),
        ("nightly-report", json.dumps([1]), None),
    ],
)
def test_the_release_is_read_from_the_input_or_the_name(name: str, given: str | None, release_id: str | None) -> None:
    assert event(name, given).release_id == release_id


def release(status: str = "rolling_out") -> ReleaseRecord:
    return ReleaseRecord(release_id=RELEASE, service="reranking", status=status)


@pytest.mark.parametrize("promoting", ["ABORTED", "FAILED", "TIMED_OUT", None])
def test_a_release_that_nobody_works_on_goes_back(promoting: str | None) -> None:
    assert after_death(release(), FREE, touches=True, promoting=promoting).start == FREE.free


def test_a_release_that_touched_nothing_is_closed_all_the_same() -> None:
    assert after_death(release("open"), FREE, touches=False, promoting="ABORTED").start == FREE.free


def test_an_endpoint_that_an_ended_release_still_changes_goes_back() -> None:
    assert after_death(release("promoted"), FREE, touches=True, promoting="SUCCEEDED").start == FREE.free


@pytest.mark.parametrize(
    ("found", "attempt", "touches", "promoting", "reason"),
    [
        (None, FREE, False, None, "no release of ours"),
        (release("rolled_back"), FREE, False, "FAILED", "the release is rolled_back"),
        (release("promoted"), FREE, False, "SUCCEEDED", "the release is promoted"),
        (release(), FREE, True, "RUNNING", "catches this by itself"),
        (release(), Attempt(running="back-1", free=None), True, "ABORTED", "back-1 is on its way"),
    ],
)
def test_everything_else_is_left_alone(
    found: ReleaseRecord | None, attempt: Attempt, touches: bool, promoting: str | None, reason: str
) -> None:
    decision = after_death(found, attempt, touches=touches, promoting=promoting)
    assert decision.start is None
    assert reason in decision.reason


def test_after_the_last_attempt_a_person_is_needed() -> None:
    assert after_death(release(), Attempt(running=None, free=None), touches=True, promoting="FAILED").given_up


@pytest.mark.parametrize(
    ("status", "error", "cause", "name"),
    [
        ("TIMED_OUT", None, None, "States.Timeout"),
        ("ABORTED", None, None, "ReleaseAbortedError"),
        ("ABORTED", "ReleaseAbortedError", "alice: wrong model", "ReleaseAbortedError"),
        ("FAILED", "States.TaskFailed", json.dumps({"Status": "FAILED", "Error": "CapacityError"}), "CapacityError"),
        ("FAILED", None, None, "States.TaskFailed"),
    ],
)
def test_a_death_has_a_name(status: str, error: str | None, cause: str | None, name: str) -> None:
    assert failure_of(status, error, cause).error == name
