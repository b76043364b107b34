"""Results of load tests, for tests of what is said about them."""

from typing import Any

from pressrun.loadtest.generate import why_invalid
from pressrun.loadtest.histogram import LatencyHistogram
from pressrun.loadtest.models import GenerateLoad, LoadResult
from pressrun.loadtest.outcomes import OUTCOMES
from pressrun.loadtest.plan import Measured

COMMAND = GenerateLoad(
    release_id="reranking-7-0a1b2c3d-1",
    service="reranking",
    stage="qa",
    endpoint_name="reranking",
    variant="canary",
    samples_key="specs/reranking/5/load.jsonl",
    requests_per_second=100,
    seconds=10,
    seed=7,
)


def measured(latencies: list[float], late: float = 1.0, missing: int = 0, **failed: int) -> Measured:
    """Return what a child would have measured: the good answers' latencies, and failures by outcome."""
    histogram, lateness = LatencyHistogram(), LatencyHistogram()
    for milliseconds in latencies:
        histogram.add(milliseconds)
    sent = len(latencies) + sum(failed.values())
    for _ in range(sent):
        lateness.add(late)
    counts = {str(outcome): failed.get(outcome, 0) for outcome in OUTCOMES} | {"ok": len(latencies)}
    return {
        "scheduled": sent + missing,
        "sent": sent,
        "counts": counts,
        "errors": {f"a {name}": count for name, count in failed.items()},
        "histogram": histogram.as_json(),
        "late_ms": lateness.as_json(),
        "sending_seconds": 9.9,
        "started_at": 1_800_000_000.0,
        "ended_at": 1_800_000_010.5,
    }


def result(latencies: list[float], late: float = 1.0, missing: int = 0, **more: Any) -> LoadResult:
    found = measured(latencies, late, missing, **more)
    return LoadResult.of(COMMAND, found, why_invalid(found))
