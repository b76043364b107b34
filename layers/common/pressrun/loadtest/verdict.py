"""Whether an endpoint keeps its SLO under load."""

from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.loadtest.models import LoadResult

# Below a hundred answers a p99 is the largest of them.
LEAST_REQUESTS = 100


class LoadVerdict(BaseModel):
    """A verdict with its reasons, for people."""

    model_config = ConfigDict(frozen=True)

    verdict: Literal["passed", "failed", "inconclusive"]
    reasons: list[str]


class Objective(Protocol):
    """Latencies in ms, and errors as a share of requests: the service's SLO."""

    @property
    def p95_ms(self) -> float:
        """The most that 95 % of the answers may take."""

    @property
    def p99_ms(self) -> float:
        """The most that 99 % of the answers may take."""

    @property
    def error_rate(self) -> float:
        """The share of requests that may fail."""


def judge_load(result: LoadResult, slo: Objective, least_requests: int = LEAST_REQUESTS) -> LoadVerdict:
    """Compare a result with the SLO.

    Errors are counted exactly: more than floor(error_rate x requests) fail. Latencies are counted from the intended
    start, so a late generator only makes them longer: it can spoil a failure for latency, never a pass.

    Args:
        result: of one run, or of several merged.
        slo: what users may rely on.
        least_requests: with fewer nothing is said, but that errors exceed what would be allowed of so many.

    Returns:
        `failed` with a reason for each objective missed; `inconclusive` where the load was not the one asked for or
        too small; else `passed`.
    """
    errors = _errors(result, slo, least_requests)
    if errors:
        return LoadVerdict(verdict="failed", reasons=errors)
    slow = _slow(result, slo)
    if result.requests < least_requests:
        reason = f"{result.requests} requests, expected at least {least_requests}"
        return LoadVerdict(verdict="inconclusive", reasons=[reason, *slow])
    if result.invalid and (slow or not _was_sent(result)):
        return LoadVerdict(verdict="inconclusive", reasons=[result.invalid, *slow])
    return LoadVerdict(verdict="failed" if slow else "passed", reasons=slow)


def _errors(result: LoadResult, slo: Objective, least_requests: int) -> list[str]:
    failed = result.requests - result.counts.get("ok", 0)
    allowed = int(slo.error_rate * max(result.requests, least_requests))
    if failed <= allowed:
        return []
    named = ", ".join(f"{name} {count}" for name, count in sorted(result.errors.items(), key=lambda item: -item[1]))
    return [
        f"{failed} of {result.requests} requests failed ({named}), "
        f"expected at most {allowed} (error rate {slo.error_rate:g})"
    ]


def _slow(result: LoadResult, slo: Objective) -> list[str]:
    pairs = (("p95", result.p95_ms, slo.p95_ms), ("p99", result.p99_ms, slo.p99_ms))
    return [
        f"{name} is {found:.1f} ms at {result.achieved_per_second:.3g} requests/s, expected at most {most:g} ms"
        for name, found, most in pairs
        if found is not None and found > most
    ]


def _was_sent(result: LoadResult) -> bool:
    """Tell whether at least nine tenths of the load left, and at the rate it was scheduled for."""
    return result.achieved_per_second >= 0.9 * result.scheduled / result.seconds
