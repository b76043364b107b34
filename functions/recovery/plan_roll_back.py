"""PlanRollBack: end what still works for a release, hold the lease, and say where each stage goes back to."""

from pressrun.aws.recovery import RecoveryDesk
from pressrun.observability import logger
from pressrun.recovery.plan import RollBackPlan
from pressrun.recovery.planning import PlanRollBack, plan_roll_back
from pressrun.step import step


@step(PlanRollBack)
def handler(command: PlanRollBack) -> RollBackPlan:
    """Plan the way back, or say what is waited for."""
    plan = plan_roll_back(command, RecoveryDesk.here())
    if plan.ready:
        logger.info(
            "way back planned",
            requested_by=command.requested_by,
            targets={stage.stage: stage.target.release_id if stage.target else None for stage in plan.stages},
        )
    else:
        logger.info("way back waits", waits_for=plan.waits_for)
    return plan
