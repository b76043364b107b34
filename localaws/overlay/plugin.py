"""The overlay's place in the embedded AWS."""

from ministack.core import lambda_runtime

from localaws.overlay import (
    alarms,
    authorization,
    buses,
    cloudformation,
    deliveries,
    emf,
    lambda_worker,
    metric_data,
    sam,
    stepfunctions,
)
from localaws.settings import Settings


def install(settings: Settings) -> None:
    """Repair ministack."""
    authorization.install()
    lambda_worker.install()
    stepfunctions.install()
    cloudformation.install()
    ecr.install()
    sam.install()
    metric_data.install()
    alarms.install()
    emf.install()
    buses.install()
    deliveries.install()


def shutdown() -> None:
    """Stop the clock of the alarms and end all handlers' processes."""
    alarms.shutdown()
    lambda_runtime.reset()
