"""What the parent process tells the child that makes the load, and what it hears back: JSON both ways."""

from typing import TypedDict

from pressrun.loadtest.arrivals import Arrivals


class Body(TypedDict):
    """One request of the load samples."""

    content_type: str
    base64: str


class Plan(TypedDict):
    """A run. url: the endpoint's whole address; timeout_seconds: from the intended start of a call to its answer."""

    url: str
    region: str
    signing_name: str
    variant: str | None
    bodies: list[Body]
    requests_per_second: float
    seconds: float
    seed: int
    arrivals: Arrivals
    timeout_seconds: float


class Measured(TypedDict):
    """What happened.

    scheduled: requests whose moment came within the run. sent: those that left. counts: calls by outcome.
    errors: calls that failed, by name. histogram: latencies of answers that were ok, by bin, from the intended start.
    sending_seconds: from the run's start to the last departure. late_ms: how late departures were, by bin.
    started_at, ended_at: seconds since 1970.
    """

    scheduled: int
    sent: int
    counts: dict[str, int]
    errors: dict[str, int]
    histogram: dict[str, int]
    late_ms: dict[str, int]
    sending_seconds: float
    started_at: float
    ended_at: float
