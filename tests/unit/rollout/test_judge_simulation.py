"""The judge against simulated users, with what CloudWatch gives: late metrics, and weights that take hold late."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.unit.rollout.simulated_rollout import Json, Outcome, Rollout, Traffic, Variant

STABLE = Variant()
SHORT: Json = {"bake_seconds": 30, "watch_seconds": 30, "warmup_seconds": 10, "actuation_seconds": 2, "lag_seconds": 3}
SHORT_TRAFFIC: dict[str, Any] = {"lag": 3.0, "actuation": (1.0, 3.0)}


def rollouts(
    count: int, canary: Variant, rate: float, seconds: float = 3600, config: Json | None = None, **traffic: Any
) -> list[Outcome]:
    return [
        Rollout(STABLE, canary, Traffic(rate=lambda _: rate, **traffic), Random(seed), config or {}).run(seconds)
        for seed in range(count)
    ]


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.verdict for outcome in outcomes]


def bad_answers(outcomes: list[Outcome]) -> tuple[int, int]:
    """Return the median and the 90th percentile."""
    ordered = sorted(outcome.bad for outcome in outcomes)
    return ordered[len(ordered) // 2], ordered[9 * len(ordered) // 10]


def test_sound_canaries_are_promoted_at_ten_requests_a_second() -> None:
    outcomes = rollouts(20, STABLE, rate=10)
    assert verdicts(outcomes) == ["promote"] * 20
    assert sorted(outcome.nine_tenths for outcome in outcomes)[10] < 17 * 60


def test_faster_canaries_are_promoted_with_short_durations() -> None:
    outcomes = rollouts(40, Variant(median_ms=40), rate=40, config=SHORT, **SHORT_TRAFFIC)
    assert verdicts(outcomes) == ["promote"] * 40
    assert max(outcome.seconds for outcome in outcomes) < 600


@pytest.mark.parametrize(("errors", "median", "high"), [(0.5, 12, 16), (0.05, 12, 16)])
def test_failing_canaries_go_back_with_few_bad_answers(errors: float, median: int, high: int) -> None:
    outcomes = rollouts(40, Variant(errors=errors), rate=10)
    assert verdicts(outcomes) == ["roll_back"] * 40
    assert all(outcome.reason.startswith("errors") for outcome in outcomes)
    found = bad_answers(outcomes)
    assert found[0] <= median
    assert found[1] <= high


def test_a_canary_that_fails_for_one_text_in_twenty_goes_back_with_short_durations() -> None:
    outcomes = rollouts(40, Variant(errors=0.05, median_ms=40), rate=40, config=SHORT, **SHORT_TRAFFIC)
    assert verdicts(outcomes) == ["roll_back"] * 40
    assert bad_answers(outcomes)[1] <= 14


def test_canaries_of_double_latency_go_back() -> None:
    outcomes = rollouts(20, Variant(median_ms=160), rate=10)
    assert verdicts(outcomes) == ["roll_back"] * 20
    assert all(outcome.reason.startswith("latency") for outcome in outcomes)


def test_canaries_a_third_slower_go_back() -> None:
    outcomes = rollouts(10, Variant(median_ms=104), rate=10)
    assert verdicts(outcomes) == ["roll_back"] * 10


def test_a_defect_that_begins_after_a_quarter_of_an_hour_goes_back() -> None:
    outcomes = rollouts(10, Variant(errors=0.05, errors_since=900), rate=10)
    assert verdicts(outcomes) == ["roll_back"] * 10


def test_an_incident_of_both_variants_refuses_nobody() -> None:
    outcomes = rollouts(10, STABLE, rate=10, both_fail=(400.0, 520.0, 0.2))
    assert verdicts(outcomes) == ["promote"] * 10


def test_without_traffic_nothing_is_decided() -> None:
    outcome = rollouts(1, STABLE, rate=0, seconds=5500)[0]
    assert outcome.verdict == "inconclusive"
    assert set(outcome.verdicts) == {"continue", "inconclusive"}
    assert max(outcome.shares) <= 0.002
