"""The overlay's place in the embedded AWS."""

from ministack.core import lambda_runtime

from localaws.overlay import (
    alarms,
    apis,
    authorization,
    buses,
    cloudformation,
    deliveries,
    ecr,
    emf,
    lambda_async,
    lambda_worker,
    metric_data,
    metric_points,
    resource_arns,
    resource_types,
    sam,
    service_metrics,
    stepfunctions,
)
from localaws.overlay.seam_table import SEAMS
from localaws.overlay.seams import verify
from localaws.settings import Settings

REPAIRS = (
    authorization,
    resource_arns,
    lambda_worker,
    lambda_async,
    stepfunctions,
    cloudformation,
    resource_types,
    sam,
    ecr,
    metric_points,
    metric_data,
    alarms,
    emf,
    service_metrics,
    buses,
    deliveries,
    apis,
)


def install(settings: Settings) -> None:
    """Repair ministack, if it is the version the repairs were made for."""
    verify(SEAMS)
    for repair in REPAIRS:
        repair.install()
    alarms.start_clock(settings.metric_lag_seconds)
    service_metrics.start_clock()


def shutdown() -> None:
    """Stop the clocks and end all handlers' processes."""
    alarms.shutdown()
    service_metrics.shutdown()
    lambda_runtime.reset()
