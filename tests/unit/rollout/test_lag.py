from typing import Any

import pytest

from pressrun.clock import iso
from pressrun.errors import MetricsMissingError
from pressrun.rollout.lag import MeasureMetricLag, MetricLag, measure
from tests.unit.rollout.rollouts import RELEASE, FakeMetrics, at


def measured(shown: float, now: float, metrics: FakeMetrics | None = None, **values: Any) -> MetricLag:
    command = MeasureMetricLag.model_validate(
        {
            "release_id": RELEASE,
            "stage": "prod",
            "endpoint_name": "reranking",
            "variant": "canary",
            "poll_seconds": 10,
            "calls": 40,
            "started_at": iso(at(2)),
            "last_call_at": iso(at(8)),
            **values,
        }
    )
    metrics = metrics or FakeMetrics()
    metrics.variants = {"canary": {"Invocations": shown}}
    return measure(command, metrics, at(now))


def test_the_lag_counts_from_the_end_of_the_last_calls_period() -> None:
    assert measured(40, now=14.5) == MetricLag(complete=True, lag_seconds=4.5)


def test_calls_that_are_not_shown_are_waited_for() -> None:
    assert not measured(39, now=14.5).complete


def test_no_lag_is_shorter_than_a_second() -> None:
    assert measured(40, now=9).lag_seconds == 1


def test_calls_that_never_show_are_an_error_with_their_number() -> None:
    with pytest.raises(MetricsMissingError, match="shows 39 of the 40 calls of variant 'canary'"):
        measured(39, now=609)


def test_all_periods_from_the_first_call_until_now_are_asked_for() -> None:
    metrics = FakeMetrics()
    measured(40, now=33, metrics=metrics, started_at=iso(at(12)), last_call_at=iso(at(21)))
    assert metrics.window == (at(10), at(50))
