"""What a rollout asks CloudWatch."""

from datetime import datetime
from typing import NamedTuple, Protocol

Points = list[dict[int, float]]
"""For each query its values, by the start of their period in seconds since the epoch."""


class Query(NamedTuple):
    """One statistic of one variant's metric."""

    variant: str
    metric: str
    statistic: str


class UnknownStatisticError(Exception):
    """CloudWatch does not know a statistic that was asked for."""


class MetricSource(Protocol):
    """CloudWatch, for the metrics of one account's endpoints."""

    def read(self, endpoint_name: str, queries: list[Query], start: datetime, end: datetime, period: int) -> Points:
        """Return each query's values by the start of their period.

        Raises:
            UnknownStatisticError: a statistic is not known.
        """
