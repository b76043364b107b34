import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.loadtest.histogram import LatencyHistogram

LATENCIES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200)


def histogram(latencies: list[float]) -> LatencyHistogram:
    found = LatencyHistogram()
    for milliseconds in latencies:
        found.add(milliseconds)
    return found


@given(LATENCIES, st.floats(0.01, 1))
def test_a_quantile_is_at_most_one_per_cent_above_the_answer_it_names(latencies: list[float], q: float) -> None:
    found = histogram(latencies).quantile(q)
    rank = min(max(-int(-(q * len(latencies) - 1e-9) // 1), 1), len(latencies))
    exact = sorted(latencies)[rank - 1]
    assert found is not None
    assert exact * (1 - 1e-6) <= found <= exact * 1.01 * (1 + 1e-6)


@given(LATENCIES, LATENCIES)
def test_merging_is_the_same_as_counting_everything_once(first: list[float], second: list[float]) -> None:
    merged = LatencyHistogram.merged([histogram(first), histogram(second)])
    assert merged.as_json() == histogram(second + first).as_json()
    assert merged.count == len(first) + len(second)


@given(LATENCIES)
def test_a_histogram_survives_json(latencies: list[float]) -> None:
    found = histogram(latencies)
    assert LatencyHistogram.from_json(found.as_json()).counts == found.counts


def test_nothing_counted_has_no_quantile() -> None:
    assert LatencyHistogram().quantile(0.99) is None


def test_a_latency_of_nothing_counts_as_a_microsecond() -> None:
    assert histogram([0.0, -1.0]).quantile(0.5) == pytest.approx(0.001, rel=0.01)
