"""StartRollBack: an execution died or a fuse blew; start the way back, if nobody else takes it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from pressrun.aws.events import Bus
from pressrun.aws.executions import Execution, Executions
from pressrun.aws.recovery import RecoveryDesk
from pressrun.aws.ways_back import WaysBack
from pressrun.clock import now
from pressrun.errors import InvalidInputError
from pressrun.observability import logger, metrics
from pressrun.recovery.deaths import Decision, ExecutionClosed, after_death, failure_of
from pressrun.recovery.fuse import AlarmRaised, after_fuse, fuse_of, suspect
from pressrun.recovery.plan import PRESSRUN, RollBack
from pressrun.recovery.records import ReleaseRecord
from pressrun.release.failure import Failure
from pressrun.settings import settings
from pressrun.validation import parse


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one event; one that cannot be read is raised, so that it comes to rest among the dead letters."""
    try:
        decision = _decide(event)
    except Exception:
        logger.exception("event refused", detail_type=event.get("detail-type"), event_id=event.get("id"))
        raise
    logger.info("event handled", **decision.model_dump(exclude_none=True))
    metrics.add_metric(name="RollBacksGivenUp", unit="Count", value=int(decision.given_up))
    return decision.model_dump()


def _decide(event: dict[str, Any]) -> Decision:
    kind = event.get("detail-type")
    if kind == "Step Functions Execution Status Change":
        return _after_death(parse(ExecutionClosed, event))
    if kind == "CloudWatch Alarm State Change":
        return _after_alarm(parse(AlarmRaised, event))
    raise InvalidInputError(f"detail-type is {kind!r}, expected an execution's status change or an alarm's")


def _after_death(event: ExecutionClosed) -> Decision:
    desk, ways = RecoveryDesk.here(), WaysBack.here()
    release_id = event.release_id
    release = desk.release(release_id) if release_id else None
    if release is None:
        return Decision(reason=f"execution {event.detail.name!r} works for no release of ours")
    logger.append_keys(release_id=release.release_id)
    execution = Executions.here().describe(release.execution_arn) if release.execution_arn else None
    decision = after_death(
        release,
        ways.attempt(release.release_id),
        touches=any(record.changing == release.release_id for record in desk.records(release.service)),
        promoting=execution.status if execution else None,
    )
    if decision.start:
        failure = _failure(event.detail, execution)
        _start(ways, decision.start, release, "an execution of the release died", failure.error, failure.cause)
    return decision


def _failure(told: ExecutionClosed.Detail, execution: Execution | None) -> Failure:
    """Say how the release died: its promote_release's own words, whichever execution the event is about."""
    if execution is None or execution.arn == told.execution_arn:
        return failure_of(told.status, told.error, told.cause)
    return failure_of(execution.status, execution.error, execution.cause)


def _after_alarm(event: AlarmRaised) -> Decision:
    fuse, stage = fuse_of(event.detail.alarm_name), settings().stage_of(event.account)
    if fuse is None or stage is None or not event.raised:
        return Decision(reason=f"alarm {event.detail.alarm_name!r} of account {event.account} is no blown fuse of ours")
    desk, ways = RecoveryDesk.here(), WaysBack.here()
    record = desk.endpoint(stage, fuse.endpoint_name)
    if record is None:
        return Decision(reason=f"no service of ours has endpoint {fuse.endpoint_name!r} in {stage}")
    release_id = suspect(fuse, record, event.detail.state.timestamp, now())
    release = desk.release(release_id) if release_id else None
    if release is None:
        _tell(record.service, None, event, stage)
        return Decision(reason=f"nothing that can be taken back changed {fuse.endpoint_name!r} in {stage} lately")
    logger.append_keys(release_id=release.release_id)
    executions = Executions.here()
    promoting = executions.status(release.execution_arn) if release.execution_arn else None
    raised_at = event.detail.state.timestamp
    decision = after_fuse(record, release, ways.attempt(release.release_id), raised_at=raised_at, promoting=promoting)
    reason = f"fuse {event.detail.alarm_name} blew: {event.detail.state.reason}"[:1000]
    if decision.stop:
        executions.stop(decision.stop, "FuseTrippedError", reason)
    if decision.start:
        _tell(record.service, release.release_id, event, stage)
        _start(ways, decision.start, release, reason, "FuseTrippedError", reason)
    return decision


def _start(ways: WaysBack, name: str, release: ReleaseRecord, reason: str, error: str, cause: str) -> None:
    request = RollBack(
        release_id=release.release_id,
        service=release.service,
        to=release.back_to,
        reason=reason,
        requested_by=PRESSRUN,
        error=error,
        cause=cause,
    )
    ways.start(name, request)
    metrics.add_metric(name="RollBacksStarted", unit="Count", value=1)


def _tell(service: str, release_id: str | None, event: AlarmRaised, stage: str) -> None:
    Bus.here().put(
        "FuseTripped",
        {
            "release_id": release_id,
            "service": service,
            "stage": stage,
            "alarm": event.detail.alarm_name,
            "reason": event.detail.state.reason,
        },
    )
