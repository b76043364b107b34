import io
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody

from pressrun.aws.runtime import Runtime
from pressrun.deployment.contract import Answer
from tests.functions.deployment.stubbed import stubbed

ASKED = {"EndpointName": "reranking", "Body": b"{}", "ContentType": "application/json", "Accept": "application/json"}


def test_the_variant_is_asked_by_its_name() -> None:
    body = StreamingBody(io.BytesIO(b"[1]"), 3)
    with stubbed("sagemaker-runtime") as (client, stub):
        stub.add_response("invoke_endpoint", {"Body": body}, {**ASKED, "TargetVariant": "canary"})
        assert Runtime(client).invoke("reranking", "canary", b"{}", "application/json") == Answer(
            status=200, body=b"[1]"
        )


def test_without_a_variant_the_weights_decide() -> None:
    body = StreamingBody(io.BytesIO(b"[1]"), 3)
    with stubbed("sagemaker-runtime") as (client, stub):
        stub.add_response("invoke_endpoint", {"Body": body}, ASKED)
        Runtime(client).invoke("reranking", None, b"{}", "application/json")


def test_the_containers_own_status_and_words_count() -> None:
    with stubbed("sagemaker-runtime") as (client, stub):
        stub.add_client_error(
            "invoke_endpoint",
            service_error_code="ModelError",
            service_message="Received client error (400)",
            http_status_code=424,
            modeled_fields={"OriginalStatusCode": 400, "OriginalMessage": "no texts"},
        )
        found = Runtime(client).invoke("reranking", None, b"{}", "application/json")
    assert (found.status, found.error) == (400, "ModelError: no texts")


def test_an_error_of_the_platform_keeps_its_status() -> None:
    with stubbed("sagemaker-runtime") as (client, stub):
        stub.add_client_error("invoke_endpoint", "ServiceUnavailable", "try later", http_status_code=503)
        assert Runtime(client).invoke("reranking", None, b"{}", "application/json").status == 503


def test_no_answer_is_an_answer_without_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        def invoke_endpoint(self, **_: Any) -> None:
            raise ReadTimeoutError(endpoint_url="https://runtime")

    silent: Any = Silent()
    found = Runtime(silent).invoke("reranking", None, b"{}", "application/json")
    assert found.status == 0
    assert found.error.startswith("ReadTimeoutError: ")
