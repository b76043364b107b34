"""The machine `shift_traffic`: what it does about each of the judge's verdicts, and about anything that breaks."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.localaws.machines.played import Played, quick
from tests.localaws.process import LocalAws

STARTED = {"poll": 1, "next_at": "2026-11-23T12:00:15.000Z"}
BACK = {"in_force": True, "asked": True}
SENT = {"share": 1, "asked": True, "in_force": True}


@pytest.fixture(scope="module")
def played(localaws: LocalAws) -> Iterator[Played]:
    with quick(localaws):
        yield Played(localaws, "shift_traffic")


def given(release_id: str) -> dict[str, Any]:
    return {
        "release_id": release_id,
        "service": "reranking",
        "stage": "prod",
        "endpoint_name": "reranking",
        "lag_seconds": 4.5,
    }


def judged(verdict: str = "continue", poll: int = 2, shift: bool = False, share: float = 0.1) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "reason": f"{verdict} it is",
        "share": share,
        "shift": shift,
        "judged": True,
        "poll": poll,
        "next_at": "2026-11-23T12:00:25.000Z",
        "share_in_force": 0.0,
    }


def test_a_sound_canary_is_shifted_then_gets_everything(played: Played) -> None:
    found = played.run(
        given("sound"),
        StartRollout=[STARTED],
        JudgeCanary=[judged(shift=True), judged(poll=3), judged("promote", poll=4, share=1)],
        ShiftTraffic=[{"share": 0.1, "asked": True, "in_force": False}],
        SendAllTraffic=[{**SENT, "in_force": False}, SENT],
    )
    assert found["status"] == "SUCCEEDED", found
    assert json.loads(found["output"])["verdict"] == "promote"
    assert played.order("sound") == [
        "StartRollout", "JudgeCanary", "ShiftTraffic", "JudgeCanary", "JudgeCanary", "SendAllTraffic", "SendAllTraffic",
    ]  # fmt: skip
    assert [call["poll"] for call in played.calls("sound", "JudgeCanary")] == [1, 2, 3]
    (shift,) = played.calls("sound", "ShiftTraffic")
    assert (shift["share"], shift["poll"], shift["reason"]) == (0.1, 1, "continue it is")


def test_a_refused_canary_gives_its_traffic_back_first(played: Played) -> None:
    found = played.run(
        given("refused"),
        StartRollout=[STARTED],
        JudgeCanary=[judged("roll_back")],
        ReturnTraffic=[{**BACK, "in_force": False}, BACK],
    )
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "CanaryRefusedError", "roll_back it is")
    assert played.order("refused") == ["StartRollout", "JudgeCanary", "ReturnTraffic", "ReturnTraffic"]


def test_an_inconclusive_rollout_goes_on_being_judged(played: Played) -> None:
    found = played.run(
        given("inconclusive"),
        StartRollout=[STARTED],
        JudgeCanary=[judged("inconclusive"), judged("inconclusive", poll=3), judged("promote", poll=4)],
        SendAllTraffic=[SENT],
    )
    assert found["status"] == "SUCCEEDED", found
    assert "ShiftTraffic" not in played.order("inconclusive")


@pytest.mark.parametrize("broken", ["StartRollout", "JudgeCanary", "ShiftTraffic", "SendAllTraffic"])
def test_whatever_breaks_the_traffic_goes_back_and_the_error_keeps_its_name(played: Played, broken: str) -> None:
    verdict = judged("promote") if broken == "SendAllTraffic" else judged(shift=True)
    script = {"StartRollout": [STARTED], "JudgeCanary": [verdict], "ReturnTraffic": [BACK]}
    found = played.run(given(f"broken-{broken}"), **{**script, broken: [{"raise": "MetricsMissingError"}]})
    assert (found["status"], found["error"]) == ("FAILED", "MetricsMissingError")
    assert "was played" in found["cause"]
    assert played.order(f"broken-{broken}")[-2:] == [broken, "ReturnTraffic"]


def test_a_return_that_breaks_is_tried_again(played: Played) -> None:
    found = played.run(
        given("stubborn"),
        StartRollout=[STARTED],
        JudgeCanary=[judged("roll_back")],
        ReturnTraffic=[{"raise": "ClientError"}, {"raise": "ClientError"}, BACK],
    )
    assert found["error"] == "CanaryRefusedError"
    assert played.order("stubborn").count("ReturnTraffic") == 3


def test_a_canary_that_never_takes_all_of_the_traffic_is_taken_back(played: Played) -> None:
    found = played.run(
        given("stuck"),
        StartRollout=[STARTED],
        JudgeCanary=[judged("promote")],
        SendAllTraffic=[{**SENT, "in_force": False}],
        ReturnTraffic=[BACK],
    )
    assert (found["status"], found["error"]) == ("FAILED", "EndpointBusyError")
    order = played.order("stuck")
    assert order.count("SendAllTraffic") == 60
    assert order[-1] == "ReturnTraffic"
