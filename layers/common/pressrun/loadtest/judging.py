"""The end of a load test: all rounds as one result, against the SLO."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from pressrun.loadtest.models import LoadResult
from pressrun.loadtest.verdict import LoadVerdict, judge_load
from pressrun.service.spec import Slo
from pressrun.settings import Stage


class JudgeLoadTest(BaseModel):
    """Judge the rounds of a load test.

    Attributes:
        attempt: how often the whole test was made, from 1; an inconclusive one is made again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage"}

    release_id: str
    stage: Stage
    attempt: int = Field(ge=1)
    rounds: list[LoadResult] = Field(min_length=1)
    slo: Slo


class JudgedLoadTest(BaseModel):
    """A load test with its verdict; the histogram stands in the evidence."""

    model_config = ConfigDict(frozen=True)

    verdict: str
    reasons: list[str]
    told: str
    requests: int
    p95_ms: float | None
    p99_ms: float | None
    last_call_at: str


def judge_rounds(command: JudgeLoadTest) -> tuple[LoadResult, JudgedLoadTest]:
    """Merge the rounds and compare them with the SLO."""
    result = LoadResult.merged(command.rounds)
    found: LoadVerdict = judge_load(result, command.slo)
    judged = JudgedLoadTest(
        verdict=found.verdict,
        reasons=found.reasons,
        told="; ".join(found.reasons) or f"{result.requests} requests within the SLO",
        requests=result.requests,
        p95_ms=result.p95_ms,
        p99_ms=result.p99_ms,
        last_call_at=result.last_call_at,
    )
    return result, judged
