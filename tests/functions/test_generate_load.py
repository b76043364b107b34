import sys
from typing import Any

import boto3
import pytest

from functions.load_test.generate_load import handler
from pressrun.aws import sessions
from pressrun.errors import InvalidInputError, LoadGenerationError
from pressrun.loadtest.models import LoadResult
from tests.functions.conftest import BUCKET, Tools
from tests.unit.loadtest.endpoint import Endpoint, answer, serving

KEY = "specs/reranking/5/load.jsonl"
RELEASE = "reranking-7-0a1b2c3d-1"
COMMAND: dict[str, Any] = {
    "release_id": RELEASE,
    "service": "reranking",
    "stage": "qa",
    "endpoint_name": "reranking",
    "variant": None,
    "samples_key": KEY,
    "requests_per_second": 40.0,
    "seconds": 0.5,
    "seed": 7,
    "arrivals": "even",
}


@pytest.fixture
def ready(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Tools:
    sessions._workload.clear()
    tools.table("releases").put_item(Item={"release_id": RELEASE, "record": "release"})
    tools.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b'{"request": {"text": "a"}}\n{"request": {"text": "b"}}\n')
    return tools


def invoke(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, context: Any, **more: Any) -> LoadResult:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", endpoint.url)
    return LoadResult.model_validate(handler({**COMMAND, **more}, context))


def test_the_load_reaches_the_runtime_as_the_stages_deployment_role(
    ready: Tools, monkeypatch: pytest.MonkeyPatch, context: Any
) -> None:
    with serving(answer()) as endpoint:
        result = invoke(endpoint, monkeypatch, context)
    assert result.requests == result.counts["ok"] == len(endpoint.calls) == 20
    assert result.p99_ms is not None
    assert {call.body for call in endpoint.calls} == {b'{"text": "a"}', b'{"text": "b"}'}
    acting = sessions.workload_session("qa", RELEASE).get_credentials()
    assert acting is not None
    assert acting.access_key != boto3.Session().get_credentials().access_key  # type: ignore[union-attr]
    assert all(f"Credential={acting.access_key}/" in call.headers["Authorization"] for call in endpoint.calls)


def test_an_endpoint_that_fails_is_a_result_not_an_error(
    ready: Tools, monkeypatch: pytest.MonkeyPatch, context: Any
) -> None:
    with serving(answer(424, error_type="ModelError")) as endpoint:
        result = invoke(endpoint, monkeypatch, context, variant="canary")
    assert result.counts["model_error"] == 20
    assert result.errors == {"HTTP 424 ModelError": 20}
    assert result.p99_ms is None


def test_a_generator_that_breaks_is_a_named_error(ready: Tools, monkeypatch: pytest.MonkeyPatch, context: Any) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with serving(answer()) as endpoint, pytest.raises(LoadGenerationError, match="ended with status 1"):
        invoke(endpoint, monkeypatch, context)


def test_samples_that_do_not_parse_are_refused(ready: Tools, monkeypatch: pytest.MonkeyPatch, context: Any) -> None:
    ready.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"not json")
    with serving(answer()) as endpoint, pytest.raises(InvalidInputError, match="load samples, line 1"):
        invoke(endpoint, monkeypatch, context)
    assert endpoint.calls == []


def test_the_release_says_what_it_is_doing(ready: Tools, monkeypatch: pytest.MonkeyPatch, context: Any) -> None:
    with serving(answer()) as endpoint:
        invoke(endpoint, monkeypatch, context)
    item = ready.table("releases").get_item(Key={"release_id": RELEASE, "record": "release"})["Item"]
    assert item["phase"] == "qa: load test"
