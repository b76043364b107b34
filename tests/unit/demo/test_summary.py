import json
from typing import Any

import pytest

from localaws.demo.summary import failures, summarise, told
from localaws.demo.traffic import judged

SETTINGS = {"rollout": {"bake_seconds": 30}, "load_test_seconds": 10, "delay_factor": 0.01, "metric_lag_seconds": 3}


def release(version: str, status: str, expected: str, error: str | None = None, **values: Any) -> dict[str, Any]:
    failure = {"error": error, "cause": "because", "stage": "prod"} if error else None
    return {
        "version": version,
        "what": "a model",
        "release_id": f"text-embedding-{version}",
        "status": status,
        "expected": expected,
        "error": error,
        "failure": failure,
        "seconds": 10.0,
        "began": 0.0,
        "ended": 100.0,
        **values,
    }


def answer(at: float, outcome: str = "ok", variant: str = "stable") -> dict[str, Any]:
    return {
        "at": at,
        "seconds": 0.01,
        "kind": "short",
        "outcome": outcome,
        "status": 200,
        "variant": variant,
        "told": "",
    }


def test_bad_answers_are_counted_while_their_release_ran() -> None:
    releases = [
        release("v2", "promoted", "promoted", began=0, ended=50),
        release("v3", "rolled_back", "rolled_back", "CanaryRefusedError", began=50, ended=100),
    ]
    answers = [answer(10), answer(20), answer(60, "bad", ""), answer(70)]
    summary = summarise(releases, answers, SETTINGS)
    assert [found["traffic"]["bad_answers"] for found in summary["releases"]] == [0, 1]
    assert failures(summary) == []
    assert "v3 was taken back: readers got 1 bad answers, 40 s after the first" in "\n".join(told(summary))


def test_a_lost_request_fails_the_demonstration() -> None:
    summary = summarise([release("v1", "promoted", "promoted")], [answer(1), answer(2, "lost", "")], SETTINGS)
    assert failures(summary)[0].startswith("1 requests were lost")


def test_an_end_or_an_error_that_was_not_expected_fails_the_demonstration() -> None:
    odd = release("v3", "promoted", "rolled_back", "CanaryRefusedError", failure=None)
    found = failures(summarise([odd], [answer(1)], SETTINGS))
    assert found == [
        "v3 ended promoted, expected rolled_back",
        "v3 ended with None, expected CanaryRefusedError",
    ]


def test_bad_answers_of_a_sound_version_fail_the_demonstration() -> None:
    summary = summarise([release("v2", "promoted", "promoted")], [answer(1), answer(2, "bad")], SETTINGS)
    assert failures(summary) == ["readers got 1 bad answers while v2 ran"]


UNIT = [1.0] + [0.0] * 383


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, {"embeddings": [UNIT]}, "ok"),
        (200, {"embeddings": [[2.0] + [0.0] * 383]}, "bad"),
        (200, {"embeddings": [UNIT[:10]]}, "bad"),
        (200, {"embeddings": []}, "bad"),
        (200, {"error": "x"}, "bad"),
        (424, {"Message": "the model failed"}, "bad"),
        (503, {"Message": "nobody there"}, "lost"),
        (400, {"Message": "no such endpoint"}, "lost"),
    ],
)
def test_an_answer_is_ok_bad_or_lost(status: int, body: dict[str, Any], outcome: str) -> None:
    assert judged(status, json.dumps(body).encode())[0] == outcome
