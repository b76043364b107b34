"""The child process against a real server on loopback."""

import base64
import os
import sys
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from pressrun.errors import LoadGenerationError
from pressrun.loadtest.child_process import make_load
from pressrun.loadtest.histogram import LatencyHistogram
from pressrun.loadtest.plan import Measured, Plan
from tests.unit.loadtest.endpoint import Behaviour, answer, hang_up, promise_more, serving, talk_nonsense

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "222222222222", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
REQUESTS = ('{"text": "a"}', '{"text": "b"}')


def plan(url: str, **more: Any) -> Plan:
    base: Plan = {
        "url": f"{url}/endpoints/reranking/invocations",
        "region": "us-east-1",
        "signing_name": "sagemaker",
        "variant": None,
        "bodies": [
            {"content_type": "application/json", "base64": base64.b64encode(body.encode()).decode()}
            for body in REQUESTS
        ],
        "requests_per_second": 40.0,
        "seconds": 0.5,
        "seed": 1,
        "arrivals": "even",
        "timeout_seconds": 5.0,
    }
    return {**base, **more}  # type: ignore[typeddict-item]


def run(behave: Behaviour, **more: Any) -> Measured:
    with serving(behave) as endpoint:
        return make_load(plan(endpoint.url, **more), CREDENTIALS)


def test_every_scheduled_request_arrives_signed_and_chosen_from_the_samples() -> None:
    with serving(answer()) as endpoint:
        measured = make_load(plan(endpoint.url, variant="canary"), CREDENTIALS)
    assert measured["scheduled"] == measured["sent"] == measured["counts"]["ok"] == len(endpoint.calls) == 20
    assert {call.body.decode() for call in endpoint.calls} == set(REQUESTS)
    for call in endpoint.calls:
        assert call.path == "/endpoints/reranking/invocations"
        assert call.headers["X-Amzn-SageMaker-Target-Variant"] == "canary"
        assert call.headers["Content-Type"] == "application/json"
        assert call.headers["X-Amz-Security-Token"] == "token"
        assert "Credential=222222222222/" in call.headers["Authorization"]
        assert "/us-east-1/sagemaker/aws4_request" in call.headers["Authorization"]


def test_without_a_variant_whoever_has_weight_is_asked() -> None:
    with serving(answer()) as endpoint:
        make_load(plan(endpoint.url), CREDENTIALS)
    assert all("X-Amzn-SageMaker-Target-Variant" not in call.headers for call in endpoint.calls)


def test_a_request_leaves_while_all_before_it_still_wait() -> None:
    everybody_is_here = Barrier(20)

    def answer_the_last(handler: Any, number: int) -> None:
        everybody_is_here.wait(timeout=10)
        answer()(handler, number)

    assert run(answer_the_last)["counts"]["ok"] == 20


def test_a_latency_holds_the_whole_wait() -> None:
    fastest = LatencyHistogram.from_json(run(answer(seconds=0.2))["histogram"]).quantile(0.01)
    assert fastest is not None
    assert fastest >= 200


@pytest.mark.parametrize(
    ("behave", "outcome", "error"),
    [
        (answer(424, error_type="ModelError"), "model_error", "HTTP 424 ModelError"),
        (answer(429, error_type="ThrottlingException"), "throttled", "HTTP 429 ThrottlingException"),
        (answer(403, error_type="AccessDeniedException"), "refused", "HTTP 403 AccessDeniedException"),
        (hang_up, "connection", "RemoteDisconnected"),
        (talk_nonsense, "connection", "BadStatusLine"),
        (promise_more, "connection", "IncompleteRead"),
    ],
)
def test_what_goes_wrong_is_counted_by_name(behave: Behaviour, outcome: str, error: str) -> None:
    measured = run(behave)
    assert measured["counts"][outcome] == 20
    assert measured["errors"] == {error: 20}
    assert measured["histogram"] == {}


def test_an_endpoint_that_never_answers_is_given_up_after_its_time() -> None:
    measured = run(answer(seconds=30), timeout_seconds=0.3)
    assert measured["counts"]["time_out"] == 20
    assert measured["errors"] == {"no answer in 0.3 s": 20}


def test_an_endpoint_that_crashes_is_counted_from_then_on() -> None:
    def crash_after_five(handler: Any, number: int) -> None:
        (answer() if number <= 5 else hang_up)(handler, number)

    measured = run(crash_after_five)
    assert measured["counts"]["ok"] == 5
    assert measured["counts"]["connection"] == 15


def test_a_kept_connection_that_was_closed_while_idle_is_no_error() -> None:
    def answer_once_a_connection(handler: Any, number: int) -> None:
        answer()(handler, number)
        handler.close_connection = True

    assert run(answer_once_a_connection, requests_per_second=10.0, seconds=1.0)["counts"]["ok"] == 10


def test_nobody_listening_is_counted() -> None:
    with serving(answer()) as endpoint:
        url = endpoint.url
    measured = make_load(plan(url), CREDENTIALS)
    assert measured["counts"]["connection"] == 20
    assert measured["errors"] == {"ConnectionRefusedError": 20}


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Start a script in place of the interpreter."""
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


def test_a_child_that_does_not_end_is_killed_and_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stand_in(monkeypatch, tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 100000")
    with pytest.raises(LoadGenerationError, match=r"did not end in 1 s, expected 0\.5 s of load"):
        make_load(plan("http://127.0.0.1:9", timeout_seconds=0.1), CREDENTIALS, spare_seconds=0.4)
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_child_that_fails_is_named_with_its_last_words() -> None:
    with pytest.raises(
        LoadGenerationError, match=r"ended with status 1 and 0 bytes of result.* it last said: KeyError"
    ):
        make_load(plan("http://127.0.0.1:9"), {})


def test_nothing_of_the_parents_identity_reaches_the_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the function's own")
    stand_in(monkeypatch, tmp_path, f"env > {tmp_path}/seen")
    with pytest.raises(LoadGenerationError, match="status 0 and 0 bytes of result"):
        make_load(plan("http://127.0.0.1:9"), CREDENTIALS)
    seen = (tmp_path / "seen").read_text()
    assert "AWS_SECRET_ACCESS_KEY=secret\n" in seen
    assert "AWS_PROFILE" not in seen


def test_without_a_session_token_none_is_sent() -> None:
    with serving(answer()) as endpoint:
        make_load(plan(endpoint.url), {**CREDENTIALS, "AWS_SESSION_TOKEN": ""})
    assert all("X-Amz-Security-Token" not in call.headers for call in endpoint.calls)
