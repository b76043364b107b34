import json
from datetime import timedelta
from typing import Any

import pytest

from pressrun.deployment.contract import Answer, ContractTestResult, RunContractTest, run
from pressrun.errors import ContractTestFailedError
from pressrun.service.golden import Case
from pressrun.service.spec import Comparator
from tests.unit.deployment.builders import NOON, RELEASE

CASES = [
    Case(id="one", request=1, expected={"v": [1, 0]}),
    Case(id="two", request=2, expected={"v": [0, 1]}),
    Case(id="bad", request="?", expected_status=400),
]
GOOD = {"1": Answer(status=200, body=b'{"v": [1, 0.01]}'), "2": Answer(status=200, body=b'{"v": [0, 1]}')}
REFUSED = {'"?"': Answer(status=400, error="ModelError: no number")}


class FakeRuntime(dict[str, Answer]):
    def __init__(self, answers: dict[str, Answer]) -> None:
        super().__init__(answers)
        self.asked: list[tuple[str, str | None]] = []

    def invoke(self, endpoint_name: str, variant: str | None, body: bytes, content_type: str) -> Answer:
        self.asked.append((endpoint_name, variant))
        return self[body.decode()]


class Evidence(dict[str, Any]):
    def put(self, name: str, document: dict[str, Any]) -> None:
        self[name] = json.loads(json.dumps(document))


def ran(runtime: FakeRuntime, evidence: Evidence, phase: str = "open") -> ContractTestResult:
    command = RunContractTest.model_validate(
        {
            "release_id": RELEASE,
            "service": "reranking",
            "stage": "prod",
            "endpoint_name": "reranking",
            "variant": "canary",
            "phase": phase,
        }
    )
    moments = iter((NOON, NOON + timedelta(seconds=2)))
    comparator = Comparator(kind="embedding_cosine", min_cosine=0.98)
    return run(command, CASES, comparator, runtime, clock=lambda: next(moments), record=evidence.put)


def failing(**answers: Answer) -> str:
    runtime = FakeRuntime({**GOOD, **REFUSED, **{key.strip("_"): value for key, value in answers.items()}})
    with pytest.raises(ContractTestFailedError) as error:
        ran(runtime, Evidence())
    return str(error.value)


def test_every_case_is_asked_of_the_variant_once() -> None:
    runtime = FakeRuntime({**GOOD, **REFUSED})
    result = ran(runtime, Evidence())
    assert runtime.asked == [("reranking", "canary")] * 3
    assert result == ContractTestResult(
        calls=3, started_at="2026-11-23T12:00:00.000Z", last_call_at="2026-11-23T12:00:02.000Z"
    )


def test_the_evidence_of_a_settled_endpoint_has_a_name_of_its_own() -> None:
    evidence = Evidence()
    ran(FakeRuntime({**GOOD, **REFUSED}), evidence, "settle")
    assert evidence["prod-settle-contract-test"]["passed"] == 3


def test_a_difference_is_named_and_recorded_with_its_numbers() -> None:
    evidence = Evidence()
    runtime = FakeRuntime({**GOOD, **REFUSED, "2": Answer(status=200, body=b'{"v": [1, 1]}')})
    with pytest.raises(ContractTestFailedError, match=r"1 of 3 golden cases differ .* first 'two': cosine 0\.7071"):
        ran(runtime, evidence)
    assert (evidence["prod-contract-test"]["cases"], evidence["prod-contract-test"]["passed"]) == (3, 2)
    assert evidence["prod-contract-test"]["differences"] == [
        {"id": "two", "why": "cosine 0.7071 of vector 0, expected at least 0.98"}
    ]


def test_a_timeout_is_a_failure() -> None:
    timed_out = Answer(status=0, error="ReadTimeoutError: no answer in 70 s")
    assert "'one': no answer (ReadTimeoutError: no answer in 70 s), expected status 200" in failing(_1=timed_out)


def test_an_error_of_the_container_is_a_failure() -> None:
    assert "status 500 (ModelError: boom), expected status 200" in failing(
        _2=Answer(status=500, error="ModelError: boom")
    )


def test_an_answer_that_is_not_json_is_a_failure() -> None:
    assert "answer of 3 bytes is not JSON" in failing(_1=Answer(status=200, body=b"<p>"))


def test_a_request_that_should_be_refused_but_is_answered_is_a_failure() -> None:
    runtime = FakeRuntime({**GOOD, '"?"': Answer(status=200, body=b"{}")})
    with pytest.raises(ContractTestFailedError, match="'bad': status 200, expected status 400"):
        ran(runtime, Evidence())
