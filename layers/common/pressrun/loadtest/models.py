"""A load test's command and its result."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field

from pressrun.clock import iso, parse_iso
from pressrun.loadtest.arrivals import Arrivals
from pressrun.loadtest.histogram import LatencyHistogram
from pressrun.loadtest.plan import Measured
from pressrun.settings import Stage

# A call of the function must end within Lambda's 15 minutes, its start and the last answers included.
LONGEST_SECONDS = 600


class GenerateLoad(BaseModel):
    """Send an open load to an endpoint, for at most ten minutes.

    Attributes:
        variant: the variant to ask, whatever its weight; None for whoever answers.
        samples_key: load samples in the artefact bucket, one JSON object a line.
        seed: of the schedule and of the choice of samples; the same seed sends the same requests at the same moments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str = Field(min_length=2, max_length=64)
    service: str
    stage: Stage
    endpoint_name: str = Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")
    variant: str | None = None
    samples_key: str
    requests_per_second: float = Field(gt=0, le=10_000)
    seconds: float = Field(gt=0, le=LONGEST_SECONDS)
    seed: int = Field(ge=0)
    arrivals: Arrivals = "poisson"


class LoadResult(BaseModel):
    """What an endpoint did under load. Latencies in ms, from the moment a request should have left to its answer.

    Attributes:
        requests_per_second: as asked. achieved_per_second: as sent.
        scheduled: requests whose moment came. requests: those sent.
        counts: requests by outcome. errors: failed requests by name.
        p50_ms, p95_ms, p99_ms: of answers that were ok, at most one per cent too high; None without any.
        histogram: the same answers, by bins of one per cent.
        late_p99_ms: how late the generator itself let requests leave.
        invalid: why the load was not the one asked for; None where it was.
        last_call_at: when the last request had ended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    variant: str | None
    requests_per_second: float
    achieved_per_second: float
    seconds: float
    scheduled: int
    requests: int
    counts: dict[str, int]
    errors: dict[str, int]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    histogram: dict[str, int]
    late_p99_ms: float
    invalid: str | None
    started_at: str
    last_call_at: str

    @classmethod
    def of(cls, command: GenerateLoad, measured: Measured, invalid: str | None) -> Self:
        """Describe what was measured."""
        latencies = LatencyHistogram.from_json(measured["histogram"])
        return cls(
            **command.model_dump(include={"release_id", "service", "stage", "endpoint_name", "variant"}),
            requests_per_second=command.requests_per_second,
            achieved_per_second=measured["sent"] / max(command.seconds, measured["sending_seconds"]),
            seconds=command.seconds,
            scheduled=measured["scheduled"],
            requests=measured["sent"],
            counts=measured["counts"],
            errors=measured["errors"],
            **_quantiles(latencies),
            histogram=latencies.as_json(),
            late_p99_ms=LatencyHistogram.from_json(measured["late_ms"]).quantile(0.99) or 0.0,
            invalid=invalid,
            started_at=iso(datetime.fromtimestamp(measured["started_at"], UTC)),
            last_call_at=iso(datetime.fromtimestamp(measured["ended_at"], UTC)),
        )

    @classmethod
    def merged(cls, results: Sequence[Self]) -> Self:
        """Make one result of the runs that followed each other in a longer test."""
        latencies = LatencyHistogram.merged(LatencyHistogram.from_json(result.histogram) for result in results)
        seconds = sum(result.seconds for result in results)
        return results[0].model_copy(
            update={
                "achieved_per_second": sum(run.achieved_per_second * run.seconds for run in results) / seconds,
                "seconds": seconds,
                "scheduled": sum(result.scheduled for result in results),
                "requests": sum(result.requests for result in results),
                "counts": _added([result.counts for result in results]),
                "errors": _added([result.errors for result in results]),
                **_quantiles(latencies),
                "histogram": latencies.as_json(),
                "late_p99_ms": max(result.late_p99_ms for result in results),
                "invalid": next((result.invalid for result in results if result.invalid), None),
                "started_at": iso(min(parse_iso(result.started_at) for result in results)),
                "last_call_at": iso(max(parse_iso(result.last_call_at) for result in results)),
            }
        )


def _quantiles(latencies: LatencyHistogram) -> dict[str, float | None]:
    return {f"p{percent}_ms": latencies.quantile(percent / 100) for percent in (50, 95, 99)}


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    return {name: sum(count.get(name, 0) for count in counts) for name in dict.fromkeys(n for c in counts for n in c)}
