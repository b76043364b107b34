"""Invocation metrics per variant: counted exactly, sent as Values and Counts after the metric lag."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

NAMESPACE = "AWS/SageMaker"
MAX_VALUES = 150
MAX_BYTES = 900_000
MAX_DATA = 1000


class Invocation(NamedTuple):
    """What one request adds to the metrics; latencies in microseconds."""

    status: int
    model_latency: int
    overhead_latency: int
    instances: int


class Series(NamedTuple):
    """What one interval of one variant's metrics is kept under."""

    start: int
    frequency: int
    account: str
    endpoint: str
    variant: str
    config: str


@dataclass
class Bucket:
    """One interval of one variant: how often each value of each metric occurred."""

    values: dict[str, Counter[float]] = field(default_factory=dict)

    def add(self, invocation: Invocation) -> None:
        """Count one request."""
        status = invocation.status
        self._count("Invocations", 1)
        self._count("InvocationsPerInstance", 1 / max(invocation.instances, 1))
        self._count("Invocation4XXErrors", int(400 <= status < 500))
        self._count("Invocation5XXErrors", int(status >= 500))
        self._count("InvocationModelErrors", int(not 200 <= status < 300))
        self._count("ModelLatency", invocation.model_latency)
        self._count("OverheadLatency", invocation.overhead_latency)

    def _count(self, metric: str, value: float) -> None:
        """Count one value."""
        self.values.setdefault(metric, Counter())[value] += 1


class Meter:
    """Collects invocations by interval, aligned to the epoch, and hands the complete ones out."""

    def __init__(self, lag_seconds: float) -> None:
        self._lag = lag_seconds
        self._buckets: dict[Series, Bucket] = {}

    def record(
        self, at: float, frequency: int, account: str, endpoint: str, variant: str, config: str, what: Invocation
    ) -> None:
        """Count a request that ended at a time."""
        start = int(at // frequency * frequency)
        series = Series(start, frequency, account, endpoint, variant, config)
        self._buckets.setdefault(series, Bucket()).add(what)

    def take_due(self, now: float) -> list[tuple[Series, Bucket]]:
        """Remove and return the intervals that ended a lag ago."""
        due = [series for series in self._buckets if series.start + series.frequency + self._lag <= now]
        return [(series, self._buckets.pop(series)) for series in due]

    def put_back(self, series: Series, bucket: Bucket) -> None:
        """Keep an interval that could not be sent."""
        self._buckets[series] = bucket


def requests(series: Series, bucket: Bucket) -> Iterator[str]:
    """Yield bodies of PutMetricData for one interval, each within the API's limits."""
    batch: list[str] = []
    size = 0
    for datum in _data(series, bucket):
        text = json.dumps(datum)
        if batch and (size + len(text) > MAX_BYTES or len(batch) == MAX_DATA):
            yield _body(batch)
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    yield _body(batch)


def _body(data: list[str]) -> str:
    """Wrap encoded data into a request."""
    return f'{{"Namespace": "{NAMESPACE}", "MetricData": [{", ".join(data)}]}}'


def _data(series: Series, bucket: Bucket) -> Iterator[dict[str, Any]]:
    """Yield each metric by variant, and again by variant and endpoint config."""
    by_variant = [
        {"Name": "EndpointName", "Value": series.endpoint},
        {"Name": "VariantName", "Value": series.variant},
    ]
    by_config = [*by_variant, {"Name": "EndpointConfigName", "Value": series.config}]
    for metric, counter in bucket.values.items():
        pairs = sorted(counter.items())
        for first in range(0, len(pairs), MAX_VALUES):
            part = pairs[first : first + MAX_VALUES]
            for dimensions in (by_variant, by_config):
                yield {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Timestamp": series.start,
                    "Values": [value for value, _ in part],
                    "Counts": [count for _, count in part],
                    "Unit": "Microseconds" if metric.endswith("Latency") else "None",
                    "StorageResolution": 1,
                }
