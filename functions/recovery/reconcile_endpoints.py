"""ReconcileEndpoints: each minute, compare tables, endpoints and executions, and repair what nobody works on."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.reconciling import ApprovalBook, Reconciler
from pressrun.aws.registry import Registry
from pressrun.clock import now
from pressrun.errors import PressrunError
from pressrun.observability import logger, metrics
from pressrun.recovery.approvals import lost_approvals
from pressrun.recovery.findings import Finding
from pressrun.recovery.reconcile import Reconciled, reconcile

METRICS = {
    "unattended_canary": "UnattendedCanaries",
    "abandoned_release": "AbandonedReleases",
    "strayed_endpoint": "StrayedEndpoints",
    "suspended_scaling": "SuspendedScalings",
    "forgotten_lease": "ForgottenLeases",
}


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Look at everything; what could not be looked at or repaired fails the call in the end, so that it is counted."""
    done = _tell_lost_approvals(reconcile(Reconciler.here(), now(), _report))
    metrics.add_metric(name="ReconciledEndpoints", unit=MetricUnit.Count, value=len(done.endpoints))
    metrics.add_metric(name="RollBacksGivenUp", unit=MetricUnit.Count, value=len(done.given_up))
    logger.info("endpoints reconciled", **done.model_dump())
    if done.failed or done.given_up:
        raise PressrunError(f"could not be repaired: {'; '.join([*done.failed, *done.given_up])}")
    return done.model_dump()


def _report(service: str, finding: Finding) -> None:
    logger.warning("found wrong", endpoint_service=service, **finding.model_dump(exclude_none=True))
    metrics.add_metric(name=METRICS[finding.kind], unit=MetricUnit.Count, value=1)


def _tell_lost_approvals(done: Reconciled) -> Reconciled:
    book, told = ApprovalBook.here(), []
    try:
        for package in lost_approvals(Registry.here(), book, now()):
            book.tell_again(package)
            told.append(package.arn)
    except Exception as error:
        return done.model_copy(update={"approvals": told, "failed": [*done.failed, f"registry: {error}"]})
    metrics.add_metric(name="LostApprovals", unit=MetricUnit.Count, value=len(told))
    return done.model_copy(update={"approvals": told})
