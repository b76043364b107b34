"""InvokeEndpoint: headers, errors, metrics, instances that die."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.process import LocalAws
from tests.localaws.twin.hosting import Workload, make_role, wait_for


@pytest.fixture(scope="module")
def endpoint(workload: Workload) -> Iterator[str]:
    """Serve two variants, one of them without weight, with metrics every 10 s."""
    config = workload.config(
        [
            {"ModelName": workload.model("stable")},
            {"VariantName": "canary", "ModelName": workload.model("canary"), "InitialVariantWeight": 0},
        ],
        MetricsConfig={"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10},
    )
    name = workload.endpoint(config)
    yield name
    workload.delete(name)


def error_of(workload: Workload, endpoint: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as failed:
        workload.invoke(endpoint, body, **more)
    return dict(failed.value.response)


def test_only_known_headers_pass_in_both_directions(workload: Workload, endpoint: str) -> None:
    answer = workload.invoke(
        endpoint, Accept="application/json", CustomAttributes="trace=1", InferenceId="req-1", TargetVariant="canary"
    )
    assert set(answer["Said"]["headers"]) == {
        "host",
        "content-type",
        "content-length",
        "accept",
        "x-amzn-sagemaker-custom-attributes",
        "x-amzn-sagemaker-inference-id",
    }
    assert answer["Said"]["headers"]["x-amzn-sagemaker-custom-attributes"] == "trace=1"
    assert (answer["InvokedProductionVariant"], answer["CustomAttributes"]) == ("canary", "seen")
    assert "x-secret" not in answer["ResponseMetadata"]["HTTPHeaders"]


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (503, "server")])
def test_a_container_that_fails_is_a_model_error(workload: Workload, endpoint: str, status: int, kind: str) -> None:
    failed = error_of(workload, endpoint, {"status": status})
    assert failed["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert failed["Error"]["Code"] == "ModelError"
    assert failed["Error"]["Message"].startswith(f"Received {kind} error ({status}) from primary with message")
    assert failed["OriginalStatusCode"] == status
    assert json.loads(failed["OriginalMessage"])["answer"] == "stable"
    assert failed["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{endpoint}")


def test_an_unknown_variant_is_a_validation_error(workload: Workload, endpoint: str) -> None:
    failed = error_of(workload, endpoint, {}, TargetVariant="other")
    assert failed["Error"] == {"Code": "ValidationError", "Message": "Variant other not found for Request"}


def test_a_body_over_six_mebibytes_is_refused(workload: Workload, endpoint: str) -> None:
    with pytest.raises(ClientError, match="HTTP content length exceeded 6291456 bytes"):
        workload.runtime.invoke_endpoint(EndpointName=endpoint, Body=b" " * 6_291_457)
    fitting = json.dumps({"text": "x" * 6_000_000})
    assert (
        workload.runtime.invoke_endpoint(EndpointName=endpoint, Body=fitting, ContentType="application/json")[
            "InvokedProductionVariant"
        ]
        == "stable"
    )


def test_a_header_the_twin_lacks_is_named(workload: Workload, endpoint: str) -> None:
    with pytest.raises(ClientError, match="Target-Model is not emulated"):
        workload.invoke(endpoint, TargetModel="a.tar.gz")


def test_an_unsigned_request_is_refused(localaws: LocalAws, endpoint: str) -> None:
    url = f"{localaws.runtime_url}/endpoints/{endpoint}/invocations"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, data=b""), timeout=10)
    with refused.value as answer:
        assert answer.code == 403


def test_only_callers_with_permission_invoke(workload: Workload, localaws: LocalAws, endpoint: str) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:222222222222:endpoint/{endpoint}"
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}]}
    allowed = {"Statement": [{"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": arn}]}
    other = {"Statement": [{"Effect": "Allow", "Action": "sagemaker:DescribeEndpoint", "Resource": arn}]}
    reader, stranger = (
        localaws.client(
            "sagemaker-runtime",
            credentials=localaws.assume(make_role(localaws, name, trust, policy), "someone", "dev"),
        )
        for name, policy in (("reader", allowed), ("stranger", other))
    )
    assert reader.invoke_endpoint(EndpointName=endpoint, Body=b"")["InvokedProductionVariant"] == "stable"
    with pytest.raises(ClientError, match="is not authorized to perform: sagemaker:InvokeEndpoint") as refused:
        stranger.invoke_endpoint(EndpointName=endpoint, Body=b"")
    assert refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_stolen_access_key_without_its_token_is_refused(localaws: LocalAws, endpoint: str) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": "sts:AssumeRole"}]}
    policy = {"Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}]}
    credentials = localaws.assume(make_role(localaws, "robbed", trust, policy), "someone", "dev")
    thief = localaws.client("sagemaker-runtime", credentials={**credentials, "SessionToken": "guessed"})
    with pytest.raises(ClientError, match="security token included in the request is invalid"):
        thief.invoke_endpoint(EndpointName=endpoint, Body=b"")


def test_metrics_count_every_request_once_per_variant(workload: Workload, localaws: LocalAws) -> None:
    metrics = {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 10}
    config = workload.config([{"ModelName": workload.model(), "InitialInstanceCount": 2}], MetricsConfig=metrics)
    name = workload.endpoint(config)
    for body in ({}, {}, {"sleep": 0.05}):
        workload.invoke(name, body)
    for status in (400, 500):
        error_of(workload, name, {"status": status})
    counts = wait_for(lambda: _statistics(localaws, name, "Invocations", ["Sum"], 5), 30)
    assert counts["Sum"] == 5
    assert _sum(localaws, name, "InvocationsPerInstance") == 2.5
    assert _sum(localaws, name, "Invocation4XXErrors") == 1
    assert _sum(localaws, name, "Invocation5XXErrors") == 1
    assert _sum(localaws, name, "InvocationModelErrors") == 2
    latency = _statistics(localaws, name, "ModelLatency", ["Maximum", "SampleCount"])
    assert latency
    assert latency["Maximum"] >= 50_000
    assert latency["SampleCount"] == 5
    by_config = _statistics(localaws, name, "Invocations", ["Sum"], dimensions={"EndpointConfigName": config})
    assert by_config
    assert by_config["Sum"] == 5
    workload.delete(name)


def _sum(localaws: LocalAws, endpoint: str, metric: str) -> float | None:
    found = _statistics(localaws, endpoint, metric, ["Sum"])
    return found["Sum"] if found else None


def _statistics(
    localaws: LocalAws,
    endpoint: str,
    metric: str,
    statistics: list[str],
    until: float = 0,
    dimensions: dict[str, str] | None = None,
) -> dict[str, float] | None:
    """Return statistics over the last minutes, once the sum is at least `until`."""
    names = {"EndpointName": endpoint, "VariantName": "stable", **(dimensions or {})}
    now = datetime.now(UTC)
    points = localaws.client("cloudwatch", "dev").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in names.items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=30),
        Period=3600,
        Statistics=statistics,
    )["Datapoints"]
    found = {
        s: max((p[s] for p in points), default=0.0) if s == "Maximum" else sum(p[s] for p in points) for s in statistics
    }
    return found if points and found.get("Sum", until) >= until else None


def test_a_dead_instance_is_replaced_and_the_others_serve_meanwhile(workload: Workload) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model(), "InitialInstanceCount": 2}]))
    pids: set[int] = set()
    while len(pids) < 2:
        pids.add(workload.invoke(name)["Said"]["pid"])
    failed = error_of(workload, name, {"crash": True})
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 503)
    for _ in range(20):
        workload.invoke(name)
    wait_for(lambda: len({workload.invoke(name)["Said"]["pid"] for _ in range(6)}) == 2 or None)
    workload.delete(name)


def test_a_variant_without_a_living_instance_is_a_model_error(workload: Workload) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model()}]))
    error_of(workload, name, {"crash": True})
    failed = error_of(workload, name, {})
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 503)
    wait_for(lambda: _answers(workload, name))
    workload.delete(name)


def _answers(workload: Workload, name: str) -> bool | None:
    try:
        return bool(workload.invoke(name))
    except ClientError:
        return None


def test_the_data_plane_comes_back_when_it_dies(workload: Workload, localaws: LocalAws, endpoint: str) -> None:
    import psutil

    children = psutil.Process(localaws.process.pid).children()
    dataplane = next(child for child in children if "dataplane" in " ".join(child.cmdline()))
    dataplane.kill()
    time.sleep(0.2)
    wait_for(lambda: _connects(workload, endpoint))


def _connects(workload: Workload, name: str) -> bool | None:
    from botocore.exceptions import EndpointConnectionError

    try:
        return bool(workload.invoke(name))
    except (EndpointConnectionError, ConnectionError):
        return None
