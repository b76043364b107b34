import json

import pytest

from pressrun.errors import InvalidInputError
from pressrun.loadtest.models import GenerateLoad, LoadResult
from pressrun.validation import parse
from tests.unit.loadtest.results import COMMAND, result


def test_a_result_counts_and_names_its_quantiles() -> None:
    found = result([10.0] * 90 + [100.0] * 8 + [1000.0] * 2, model_error=3, time_out=1)
    assert found.requests == 104
    assert found.counts["ok"] == 100
    assert found.errors == {"a model_error": 3, "a time_out": 1}
    assert found.p50_ms == pytest.approx(10, rel=0.01)
    assert found.p95_ms == pytest.approx(100, rel=0.01)
    assert found.p99_ms == pytest.approx(1000, rel=0.01)
    assert found.achieved_per_second == pytest.approx(10.4)
    assert found.last_call_at == "2027-01-15T08:00:10.500Z"


def test_runs_of_one_test_merge_into_one_result() -> None:
    fast, slow = result([10.0] * 300, model_error=1), result([500.0] * 100, time_out=2, missing=40)
    merged = LoadResult.merged([fast, slow])
    assert merged.requests == 403
    assert merged.scheduled == 443
    assert merged.counts["ok"] == 400
    assert merged.errors == {"a model_error": 1, "a time_out": 2}
    assert merged.seconds == 20
    assert merged.p50_ms == pytest.approx(10, rel=0.01)
    assert merged.p95_ms == pytest.approx(500, rel=0.01)
    assert merged.invalid == slow.invalid is not None


def test_a_result_survives_json() -> None:
    found = result([1.5, 80.0, 99.0], refused=1)
    assert LoadResult.model_validate_json(json.dumps(found.model_dump(mode="json"))) == found


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("seconds", 601, "seconds: Input should be less than or equal to 600"),
        ("seconds", 0, "seconds: Input should be greater than 0"),
        ("requests_per_second", 0, "requests_per_second: Input should be greater than 0"),
        ("endpoint_name", "a/../b", "endpoint_name: String should match pattern"),
        ("stage", "live", "stage: Input should be 'dev', 'qa' or 'prod'"),
        ("sedd", 1, "sedd: Extra inputs are not permitted"),
        ("arrivals", "bursts", "arrivals: Input should be 'poisson' or 'even'"),
    ],
)
def test_a_bad_command_is_refused_by_field(field: str, value: object, message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"GenerateLoad: {message}"):
        parse(GenerateLoad, {**COMMAND.model_dump(), field: value})
