"""The overlay's place in the embedded AWS."""

from ministack.core import lambda_runtime

from localaws.overlay import authorization, cloudformation, lambda_worker, sam, stepfunctions
from localaws.settings import Settings


def install(settings: Settings) -> None:
    """Repair ministack."""
    authorization.install()
    lambda_worker.install()
    stepfunctions.install()
    cloudformation.install()
    sam.install()


def shutdown() -> None:
    """End all handlers' processes."""
    lambda_runtime.reset()
