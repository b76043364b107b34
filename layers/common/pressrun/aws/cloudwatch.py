"""Metrics and alarms of one workload account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import workload_session
from pressrun.rollout.metrics import Points, Query, UnknownStatisticError
from pressrun.settings import Stage

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

NAMESPACE = "AWS/SageMaker"


class Metrics:
    """Invocation metrics of endpoints' variants."""

    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach a stage's account through its deployment role."""
        return cls(workload_session(stage, release_id).client("cloudwatch"))

    def read(self, endpoint_name: str, queries: list[Query], start: datetime, end: datetime, period: int) -> Points:
        """Return each query's values by the start of their period, in seconds since the epoch.

        Raises:
            UnknownStatisticError: CloudWatch does not know a statistic that was asked for.
        """
        asked: Any = [_query(number, endpoint_name, query, period) for number, query in enumerate(queries)]
        found: Points = [{} for _ in queries]
        extra: Any = {}
        while True:
            try:
                answer = self._client.get_metric_data(
                    MetricDataQueries=asked, StartTime=start, EndTime=end, ScanBy="TimestampAscending", **extra
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in {"ValidationError", "InvalidParameterValue"}:
                    raise UnknownStatisticError(error.response["Error"]["Message"]) from error
                raise
            for result in answer["MetricDataResults"]:
                points = found[int(result["Id"][1:])]
                for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                    points[int(moment.astimezone(UTC).timestamp())] = value
            if "NextToken" not in answer:
                return found
            extra = {"NextToken": answer["NextToken"]}


class Alarms:
    """Alarms of one workload account."""

    def __init__(self, client: CloudWatchClient) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach a stage's account through its deployment role."""
        return cls(workload_session(stage, release_id).client("cloudwatch"))

    def put(self, document: dict[str, Any]) -> None:
        """Create an alarm, or make it what the document says."""
        self._client.put_metric_alarm(**document)

    def delete(self, name: str) -> None:
        """Delete an alarm; CloudWatch does not mind one that is gone."""
        self._client.delete_alarms(AlarmNames=[name])


def _query(number: int, endpoint_name: str, query: Query, period: int) -> dict[str, Any]:
    return {
        "Id": f"q{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": NAMESPACE,
                "MetricName": query.metric,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": endpoint_name},
                    {"Name": "VariantName", "Value": query.variant},
                ],
            },
            "Period": period,
            "Stat": query.statistic,
        },
    }
