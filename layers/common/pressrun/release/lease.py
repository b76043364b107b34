"""One release at a time per service: who holds the lease, who may take it, who must give way."""

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from pressrun.release.records import CLOSED

Step = Literal["take", "keep", "supersede_holder", "wait", "give_way"]


class Contender(BaseModel):
    """A release as the lease sees it."""

    model_config = ConfigDict(frozen=True)

    release_id: str
    opened_at: str
    status: str


def next_step(
    mine: Contender,
    others: list[Contender],
    *,
    holder: str | None,
    my_execution: str,
    holder_release: Contender | None,
    holder_running: bool,
) -> Step:
    """Decide what a release that wants the lease does now.

    A release that waits gives way to one opened later. A lease has no expiry: it is taken over only when its
    holder's execution is closed, and the release it worked for as well: until then a way back will want it.
    A holder that waits for its approval is superseded; one that shifts traffic is not.
    """
    if holder == my_execution:
        return "keep"
    if any(other.opened_at > mine.opened_at and other.status not in CLOSED for other in others):
        return "give_way"
    ended = holder_release is None or holder_release.status in CLOSED
    if holder is None or (not holder_running and ended):
        return "take"
    older = holder_release is not None and holder_release.opened_at < mine.opened_at
    if older and holder_release is not None and holder_release.status == "awaiting_approval":
        return "supersede_holder"
    return "wait"


class AcquireLease(BaseModel):
    """Ask for a service's lease.

    Attributes:
        holder: ARN of the execution that asks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "service"}

    release_id: str
    service: str
    holder: str


class LeaseAnswer(BaseModel):
    """Whether the lease is the asker's now."""

    model_config = ConfigDict(frozen=True)

    acquired: bool
    held_by: str | None
