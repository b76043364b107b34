import pytest

from pressrun.loadtest.verdict import judge_load
from pressrun.service.spec import Slo
from tests.unit.loadtest.results import result

SLO = Slo(p95_ms=100, p99_ms=250, error_rate=0.001)


def test_a_fast_endpoint_passes() -> None:
    verdict = judge_load(result([50.0] * 1000), SLO)
    assert (verdict.verdict, verdict.reasons) == ("passed", [])


def test_a_slow_endpoint_fails_with_each_objective_it_misses() -> None:
    verdict = judge_load(result([50.0] * 900 + [400.0] * 100), SLO)
    assert verdict.verdict == "failed"
    assert [reason[:3] for reason in verdict.reasons] == ["p95", "p99"]
    assert "requests/s, expected at most 100 ms" in verdict.reasons[0]


def test_a_slow_tail_alone_fails() -> None:
    verdict = judge_load(result([50.0] * 980 + [400.0] * 20), SLO)
    assert [reason[:3] for reason in verdict.reasons] == ["p99"]


@pytest.mark.parametrize(("errors", "verdict"), [(0, "passed"), (1, "passed"), (2, "failed")])
def test_errors_are_counted_exactly(errors: int, verdict: str) -> None:
    assert judge_load(result([50.0] * (1000 - errors), model_error=errors), SLO).verdict == verdict


def test_failures_are_named_most_frequent_first() -> None:
    verdict = judge_load(result([50.0] * 990, time_out=3, model_error=7), SLO)
    assert verdict.reasons == [
        "10 of 1000 requests failed (a model_error 7, a time_out 3), expected at most 1 (error rate 0.001)"
    ]


def test_an_endpoint_that_answers_nothing_fails() -> None:
    verdict = judge_load(result([], connection=500), SLO)
    assert verdict.verdict == "failed"
    assert verdict.reasons[0].startswith("500 of 500 requests failed")


def test_few_requests_prove_nothing() -> None:
    verdict = judge_load(result([50.0] * 99), SLO)
    assert (verdict.verdict, verdict.reasons) == ("inconclusive", ["99 requests, expected at least 100"])
    assert judge_load(result([50.0] * 99), SLO, least_requests=50).verdict == "passed"


def test_few_requests_can_still_fail() -> None:
    assert judge_load(result([50.0] * 40, model_error=10), SLO).verdict == "failed"


def test_no_request_at_all_proves_nothing() -> None:
    assert judge_load(result([]), SLO).verdict == "inconclusive"


def test_a_late_generator_spoils_a_failure_for_latency() -> None:
    verdict = judge_load(result([400.0] * 1000, late=300), SLO)
    assert verdict.verdict == "inconclusive"
    assert verdict.reasons[0].startswith("generator too late")


def test_a_late_generator_spoils_no_pass_as_its_latencies_are_too_long() -> None:
    assert judge_load(result([50.0] * 1000, late=300), SLO).verdict == "passed"


def test_a_late_generator_spoils_no_errors() -> None:
    assert judge_load(result([50.0] * 900, late=300, model_error=100), SLO).verdict == "failed"


def test_a_load_that_was_not_sent_proves_nothing() -> None:
    verdict = judge_load(result([50.0] * 500, missing=500), SLO)
    assert (verdict.verdict, verdict.reasons[0][:18]) == ("inconclusive", "too much in flight")
