"""Generating load: from a command and its samples to a result that says whether it can be believed."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pressrun.loadtest.histogram import LatencyHistogram
from pressrun.loadtest.models import GenerateLoad, LoadResult
from pressrun.loadtest.plan import Measured, Plan
from pressrun.service.samples import Sample

# A container has 60 s to answer; who waits longer has no answer.
TIMEOUT_SECONDS = 61.0
# A generator that is later than this measures itself, and one that sends less than this has not loaded anything.
MOST_LATE_MS = 100.0
LEAST_SENT = 0.95


class Access(Protocol):
    """Where endpoints are invoked, and as whom."""

    @property
    def region(self) -> str:
        """The region to sign for."""

    @property
    def signing_name(self) -> str:
        """The service to sign for."""

    @property
    def environment(self) -> dict[str, str]:
        """Credentials."""

    def invocations_url(self, endpoint_name: str) -> str:
        """Return the address of InvokeEndpoint."""


MakeLoad = Callable[[Plan, Mapping[str, str]], Measured]


def generate(command: GenerateLoad, samples: Sequence[Sample], access: Access, make_load: MakeLoad) -> LoadResult:
    """Send the load and describe what came of it.

    Args:
        command: the load asked for.
        samples: requests to choose from.
        access: the stage's runtime.
        make_load: runs a plan, `child_process.make_load`.

    Raises:
        LoadGenerationError: no load could be made.
    """
    measured = make_load(_plan(command, samples, access), access.environment)
    return LoadResult.of(command, measured, why_invalid(measured))


def why_invalid(measured: Measured) -> str | None:
    """Say why a result is not one of the load that was asked for, or None."""
    late = LatencyHistogram.from_json(measured["late_ms"]).quantile(0.99) or 0.0
    if late > MOST_LATE_MS:
        return f"generator too late: p99 of departures {late:.0f} ms behind their moment, expected {MOST_LATE_MS:.0f}"
    if measured["sent"] < LEAST_SENT * measured["scheduled"]:
        return f"too much in flight: {measured['sent']} of {measured['scheduled']} requests were sent"
    return None


def _plan(command: GenerateLoad, samples: Sequence[Sample], access: Access) -> Plan:
    return {
        "url": access.invocations_url(command.endpoint_name),
        "region": access.region,
        "signing_name": access.signing_name,
        "variant": command.variant,
        "bodies": [
            {"content_type": sample.content_type, "base64": base64.b64encode(sample.body()).decode()}
            for sample in samples
        ],
        "requests_per_second": command.requests_per_second,
        "seconds": command.seconds,
        "seed": command.seed,
        "arrivals": command.arrivals,
        "timeout_seconds": TIMEOUT_SECONDS,
    }
