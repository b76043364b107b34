from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pressrun.aws.cloudwatch import Alarms, Metrics
from pressrun.rollout.fuse import alarm
from pressrun.rollout.metrics import Query, UnknownStatisticError
from tests.functions.deployment.stubbed import stubbed
from tests.unit.rollout.rollouts import at

QUERIES = [Query("stable", "Invocations", "Sum"), Query("canary", "ModelLatency", "TC(:80000)")]
START = int(at(0).timestamp())


def result(number: int, *values: float) -> dict[str, Any]:
    moments = [datetime.fromtimestamp(START + 10 * place, UTC) for place in range(len(values))]
    return {"Id": f"q{number}", "Timestamps": moments, "Values": list(values), "StatusCode": "Complete"}


def read(client: Any) -> list[dict[int, float]]:
    return Metrics(client).read("reranking", QUERIES, at(0), at(20), 10)


def test_every_query_gets_its_own_points_by_their_time() -> None:
    with stubbed("cloudwatch") as (client, stub):
        stub.add_response("get_metric_data", {"MetricDataResults": [result(1, 7), result(0, 300, 310)]})
        assert read(client) == [{START: 300, START + 10: 310}, {START: 7}]


def test_pages_are_put_together() -> None:
    with stubbed("cloudwatch") as (client, stub):
        stub.add_response("get_metric_data", {"MetricDataResults": [result(0, 300)], "NextToken": "more"})
        stub.add_response("get_metric_data", {"MetricDataResults": [result(1, 7)]})
        assert read(client) == [{START: 300}, {START: 7}]


def test_a_statistic_that_is_not_known_has_an_error_of_its_own() -> None:
    with stubbed("cloudwatch") as (client, stub):
        stub.add_client_error("get_metric_data", "ValidationError", "The value TC(:80000) for Stat is not supported")
        with pytest.raises(UnknownStatisticError, match="TC"):
            read(client)


def test_another_refusal_is_not_taken_for_one() -> None:
    with stubbed("cloudwatch") as (client, stub):
        stub.add_client_error("get_metric_data", "AccessDenied", "not authorized")
        with pytest.raises(ClientError, match="not authorized"):
            read(client)


def test_the_fuse_fits_what_cloudwatch_takes() -> None:
    with stubbed("cloudwatch") as (client, stub):
        stub.add_response("put_metric_alarm", {}, alarm("reranking", "canary", "reranking"))
        stub.add_response("delete_alarms", {}, {"AlarmNames": ["pressrun-reranking-canary-5xx"]})
        Alarms(client).put(alarm("reranking", "canary", "reranking"))
        Alarms(client).delete("pressrun-reranking-canary-5xx")
