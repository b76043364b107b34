"""A fuse blew: an alarm on a variant's failures that does not ask who is to blame."""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import parse_iso
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.deaths import Decision, start_next
from pressrun.recovery.records import ReleaseRecord, StageRecord

_NAME = re.compile(r"pressrun-(?P<endpoint>.+)-(?P<variant>[a-zA-Z0-9]+)-5xx")

# An alarm that comes later than this says nothing about now; the reconciler and the judge look for themselves.
LATE = timedelta(minutes=15)
# A release is suspected for an hour after it went live. Later a failing endpoint is more likely the world's fault.
SUSPECTED = timedelta(hours=1)


class AlarmRaised(BaseModel):
    """The part of a CloudWatch alarm event that is read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    class Detail(BaseModel):
        """The event's detail."""

        model_config = ConfigDict(frozen=True, extra="ignore")

        class State(BaseModel):
            """The state the alarm went to."""

            model_config = ConfigDict(frozen=True, extra="ignore")

            value: str
            reason: str = ""
            timestamp: datetime

        alarm_name: str = Field(alias="alarmName")
        state: State

    source: Literal["aws.cloudwatch"]
    detail_type: Literal["CloudWatch Alarm State Change"] = Field(alias="detail-type")
    account: str = Field(pattern=r"^\d{12}$")
    detail: Detail

    @property
    def raised(self) -> bool:
        """Tell whether the alarm went to ALARM."""
        return self.detail.state.value == "ALARM"


class Fuse(BaseModel):
    """Which variant of which endpoint a fuse guards."""

    model_config = ConfigDict(frozen=True)

    endpoint_name: str
    variant: str


def fuse_of(alarm_name: str) -> Fuse | None:
    """Read a fuse's name; None for an alarm that is none."""
    found = _NAME.fullmatch(alarm_name)
    return Fuse(endpoint_name=found["endpoint"], variant=found["variant"]) if found else None


def suspect(fuse: Fuse, record: StageRecord, raised_at: datetime, now: datetime) -> str | None:
    """Name the release that a blown fuse is held against, or None.

    While a release changes the endpoint it is that one, whichever variant fails: in doubt back to what was proven.
    Otherwise it is what went live less than an hour ago, if there is something to go back to.
    """
    if now - raised_at > LATE:
        return None
    if record.changing:
        return record.changing
    if fuse.variant != record.variants.stable or record.live is None or not record.previous or not record.live.at:
        return None
    age = raised_at - parse_iso(record.live.at)
    return record.live.release_id if timedelta(0) <= age < SUSPECTED else None


def after_fuse(
    record: StageRecord, release: ReleaseRecord, attempt: Attempt, *, raised_at: datetime, promoting: str | None
) -> Decision:
    """Decide how the suspected release goes back: its rollout ends first.

    An alarm from before the release opened is about another one.
    """
    if release.opened_at and raised_at < parse_iso(release.opened_at):
        return Decision(reason=f"the alarm is older than {release.release_id}")
    decision = start_next(attempt, f"a fuse of {record.endpoint_name} in {record.stage} blew")
    stop = release.execution_arn if decision.start and promoting == "RUNNING" else None
    return decision.model_copy(update={"stop": stop})
