"""Events of dead executions and blown fuses, as EventBridge delivers them: twice, late, of strangers, malformed."""

from datetime import timedelta
from typing import Any

import pytest

from functions.recovery import start_roll_back
from pressrun.clock import iso, now
from pressrun.errors import InvalidInputError
from tests.functions.conftest import LambdaContext
from tests.functions.recovery.conftest import OLDER, RELEASE, STABLE, Newsroom, event


def death(**detail: Any) -> dict[str, Any]:
    found = event("aws.states/step_functions_execution_status_change.json")
    return {**found, "detail": {**found["detail"], **detail}}


def alarm(minutes_ago: float = 0, **more: Any) -> dict[str, Any]:
    found = event("aws.cloudwatch/cloudwatch_alarm_state_change.json")
    state = {**found["detail"]["state"], "timestamp": iso(now() - timedelta(minutes=minutes_ago))}
    return {**found, **more, "detail": {**found["detail"], "state": state, **more.get("detail", {})}}


def test_a_stopped_release_goes_back(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.endpoint(changing=RELEASE)
    newsroom.end(arn)
    start_roll_back.handler(death(executionArn=arn, cause="alice: wrong model"), context)
    ((name, given),) = newsroom.roll_backs()
    assert name == f"{RELEASE}-back"
    assert (given["release_id"], given["service"], given["holder"]) == (RELEASE, "text-embedding", None)
    assert (given["error"], given["cause"]) == ("ReleaseAbortedError", "alice: wrong model")


def test_an_event_that_comes_twice_starts_one_way_back(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.end(arn)
    start_roll_back.handler(death(), context)
    assert "on its way" in start_roll_back.handler(death(), context)["reason"]
    assert len(newsroom.roll_backs()) == 1


def test_a_way_back_that_died_is_followed_by_the_next(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn)
    newsroom.end(arn)
    start_roll_back.handler(death(), context)
    newsroom.end(newsroom.tools.executions("roll_back")[0]["executionArn"])
    start_roll_back.handler(death(name=f"{RELEASE}-back"), context)
    assert [name for name, _ in newsroom.roll_backs()] == [f"{RELEASE}-back", f"{RELEASE}-back-2"]


def test_a_failed_child_is_left_to_its_running_parent(newsroom: Newsroom, context: LambdaContext) -> None:
    newsroom.release(execution_arn=newsroom.promoting())
    newsroom.endpoint(changing=RELEASE)
    start_roll_back.handler(death(name=f"{RELEASE}-prod-shift"), context)
    assert newsroom.roll_backs() == []


def test_a_late_event_of_a_release_that_has_ended_changes_nothing(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.end(arn)
    newsroom.release("rolled_back", execution_arn=arn)
    newsroom.endpoint()
    start_roll_back.handler(death(), context)
    assert newsroom.roll_backs() == []


def test_a_stranger_s_execution_changes_nothing(newsroom: Newsroom, context: LambdaContext) -> None:
    answer = start_roll_back.handler(death(name="nightly-report", input='{"day": 1}'), context)
    assert "no release of ours" in answer["reason"]
    assert newsroom.roll_backs() == []


@pytest.mark.parametrize(
    ("malformed", "message"),
    [
        ({}, "detail-type is None"),
        ({"detail-type": "Object Created", "source": "aws.s3"}, "detail-type is 'Object Created'"),
        ({"detail-type": "Step Functions Execution Status Change", "source": "aws.states"}, "detail: Field required"),
        (death(executionArn="nonsense"), "executionArn: String should match pattern"),
        (alarm(account="nobody"), "account: String should match pattern"),
    ],
)
def test_a_malformed_event_is_raised_and_its_reason_logged(
    malformed: dict[str, Any], message: str, context: LambdaContext, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        start_roll_back.handler(malformed, context)
    assert "event refused" in caplog.text


def test_a_blown_fuse_stops_the_rollout_and_takes_it_back(newsroom: Newsroom, context: LambdaContext) -> None:
    arn = newsroom.promoting()
    newsroom.release(execution_arn=arn, opened_at=iso(now() - timedelta(hours=1)))
    newsroom.endpoint(changing=RELEASE)
    start_roll_back.handler(alarm(), context)
    stopped = newsroom.tools.states.describe_execution(executionArn=arn)
    assert stopped["status"] == "ABORTED"
    ((name, given),) = newsroom.roll_backs()
    assert name == f"{RELEASE}-back"
    assert given["error"] == "FuseTrippedError"
    assert "Threshold Crossed" in given["cause"]


def test_the_death_that_a_fuse_caused_starts_no_second_way_back(newsroom: Newsroom, context: LambdaContext) -> None:
    newsroom.release(execution_arn=newsroom.promoting(), opened_at=iso(now() - timedelta(hours=1)))
    newsroom.endpoint(changing=RELEASE)
    start_roll_back.handler(alarm(), context)
    start_roll_back.handler(death(), context)
    start_roll_back.handler(alarm(), context)
    assert len(newsroom.roll_backs()) == 1


@pytest.mark.parametrize(
    ("minutes_live", "started"), [(5, [f"{STABLE['release_id']}-back"]), (90, [])], ids=["suspected", "proven"]
)
def test_a_fuse_on_stable_takes_back_only_what_went_live_lately(
    minutes_live: float, started: list[str], newsroom: Newsroom, context: LambdaContext
) -> None:
    live = {**STABLE, "at": iso(now() - timedelta(minutes=minutes_live))}
    newsroom.endpoint(live=live, previous=[OLDER])
    newsroom.release("promoted", release_id=live["release_id"])
    start_roll_back.handler(alarm(detail={"alarmName": "pressrun-text-embedding-stable-5xx"}), context)
    assert [name for name, _ in newsroom.roll_backs()] == started


@pytest.mark.parametrize(
    "strange",
    [
        alarm(detail={"alarmName": "pressrun-control-reconciler-failing"}),
        alarm(account="999999999999"),
        alarm(detail={"alarmName": "pressrun-search-canary-5xx"}),
        alarm(minutes_ago=30),
        alarm(detail={"state": {"value": "OK", "timestamp": iso(now())}}),
    ],
    ids=["another alarm", "another account", "another endpoint", "late", "not in alarm"],
)
def test_any_other_alarm_changes_nothing(strange: dict[str, Any], newsroom: Newsroom, context: LambdaContext) -> None:
    newsroom.release(execution_arn=newsroom.promoting())
    newsroom.endpoint(changing=RELEASE)
    start_roll_back.handler(strange, context)
    assert newsroom.roll_backs() == []
