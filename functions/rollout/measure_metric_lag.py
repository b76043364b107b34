"""MeasureMetricLag: find out how late CloudWatch is today."""

from pressrun.aws.cloudwatch import Metrics
from pressrun.clock import now
from pressrun.observability import logger
from pressrun.rollout.lag import MeasureMetricLag, MetricLag, measure
from pressrun.step import step


@step(MeasureMetricLag)
def handler(command: MeasureMetricLag) -> MetricLag:
    """Look whether CloudWatch shows the contract test's calls."""
    lag = measure(command, Metrics.of(command.stage, command.release_id), now())
    logger.info("metric lag measured" if lag.complete else "metrics awaited", lag_seconds=lag.lag_seconds)
    return lag
