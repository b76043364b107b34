import pytest

from pressrun.rollout.counting import rank_of
from pressrun.rollout.metrics import UnknownStatisticError
from pressrun.rollout.poll import PollCounts, SideCounts, count, is_complete
from tests.unit.rollout.rollouts import FakeMetrics, at

THRESHOLDS = {"control": [80.0, 182.0, 256.0], "canary": [89.6, 203.84, 286.72, 245.7]}


def counted(
    metrics: FakeMetrics, thresholds: dict[str, list[float]] | None = None, statistic: str = "TC"
) -> PollCounts:
    return count(metrics, "reranking", ("stable", "canary"), (at(0), at(10)), thresholds or {}, statistic)


def test_without_thresholds_stables_percentiles_are_asked_for_in_milliseconds() -> None:
    stable: dict[str, float] = {"Invocations": 100, "SampleCount": 100, "p50": 80_000, "p90": 182_000, "p99": 256_000}
    counts = counted(FakeMetrics(stable=stable))
    assert counts.control.as_json() == {
        "n": 100,
        "errors": 0,
        "above": [],
        "quantiles": {"p50": 80, "p90": 182, "p99": 256},
    }
    assert counts.canary.as_json() == {"n": 0, "errors": 0, "above": []}


def test_what_lies_above_a_threshold_is_what_the_trimmed_count_leaves() -> None:
    stable = {"Invocations": 100.0, "SampleCount": 100.0, "TC(:80000)": 49.6, "TC(:182000)": 90, "TC(:256000)": 100}
    metrics = FakeMetrics(stable=stable)
    counts = counted(metrics, THRESHOLDS)
    assert counts.control.above == [[80, 50], [182, 10], [256, 0]]
    assert [query.statistic for query in metrics.asked if query.variant == "canary"][4:] == [
        "TC(:89600)",
        "TC(:203840)",
        "TC(:286720)",
        "TC(:245700)",
    ]


def test_counts_stay_within_the_number_of_requests() -> None:
    stable = {"Invocations": 10.0, "SampleCount": 12.0, "TC(:80000)": 0, "TC(:182000)": 12.4, "TC(:256000)": 12}
    assert counted(FakeMetrics(stable=stable), THRESHOLDS).control.above == [[80, 10], [182, 0], [256, 0]]


def test_percentile_ranks_do_where_trimmed_counts_are_not_known() -> None:
    stable = {"Invocations": 200.0, "SampleCount": 200.0, "PR(:80000)": 45, "PR(:182000)": 90, "PR(:256000)": 100}
    metrics = FakeMetrics(stable=stable)
    metrics.refused = {"TC"}
    counts = counted(metrics, THRESHOLDS)
    assert (counts.statistic, counts.control.above) == ("PR", [[80, 110], [182, 20], [256, 0]])


def test_percentiles_do_where_ranks_are_not_known_either() -> None:
    ranks = {"p10": 2e4, "p25": 4e4, "p50": 8e4, "p75": 16e4, "p90": 18.2e4, "p95": 20e4, "p99": 25e4}
    metrics = FakeMetrics(stable={"Invocations": 200.0, "SampleCount": 200.0, **ranks})
    metrics.refused = {"TC", "PR"}
    counts = counted(metrics, THRESHOLDS)
    assert (counts.statistic, counts.control.above) == ("P", [[80, 100], [182, 20], [256, 1]])


@pytest.mark.parametrize(
    ("value", "rank"), [(40, 25), (80, 50), (160, 75), (56.569, 37.5), (1, 5), (1000, 99.5)],
)  # fmt: skip
def test_a_rank_is_read_between_percentiles(value: float, rank: float) -> None:
    assert rank_of(value, [20, 40, 80, 160, 182, 200, 250]) == pytest.approx(rank, abs=0.01)


def test_a_cloudwatch_that_knows_none_of_them_is_an_error() -> None:
    metrics = FakeMetrics()
    metrics.refused = {"TC", "PR", "p1"}
    with pytest.raises(UnknownStatisticError):
        counted(metrics, THRESHOLDS)


@pytest.mark.parametrize(("model", "server", "errors"), [(3, 3, 3), (5, 3, 5), (0, 4, 4), (0, 0, 0), (40, 0, 20)])
def test_no_error_counts_twice(model: int, server: int, errors: int) -> None:
    canary: dict[str, float] = {"Invocations": 20, "InvocationModelErrors": model, "Invocation5XXErrors": server}
    assert counted(FakeMetrics(canary=canary)).canary.errors == errors


def test_numbers_of_a_later_period_are_seen_and_not_counted() -> None:
    metrics = FakeMetrics(stable={"Invocations": 300.0}, canary={})
    metrics.later = {"canary"}
    counts = counted(metrics)
    assert metrics.window == (at(0), at(20))
    assert (counts.canary.n, counts.canary.later, counts.control.n, counts.control.later) == (0, True, 300, False)


def side(n: int, later: bool = False) -> SideCounts:
    return SideCounts(n, 0, [], {}, later)


@pytest.mark.parametrize(
    ("control", "canary", "rate", "share", "complete"),
    [
        (side(100), side(10), 11, 0.1, True),
        (side(0), side(10), 11, 0.1, False),
        (side(100), side(0), 11, 0.1, False),
        (side(100), side(0, later=True), 11, 0.1, True),
        (side(100), side(0), 11, 0.05, True),
        (side(100), side(0), 11, None, True),
        (side(0), side(100), 11, None, True),
        (side(0), side(0), 11, None, False),
        (side(0), side(0), 0, 0.1, True),
        (side(0), side(0), None, 0.0, False),
        (side(100), side(0), None, 0.0, True),
        (side(100), side(0), 16, 0.05, False),
        (side(100), side(0), 15.9, 0.05, True),
    ],
    ids=[
        "both answered",
        "stable is missing",
        "the canary is missing",
        "a later period is there",
        "hardly any were expected",
        "the share changed to less",
        "the share changed to more",
        "the share changed and nothing is there",
        "there is no traffic",
        "nothing is known yet",
        "the first poll",
        "eight were expected",
        "fewer than eight were expected",
    ],
)
def test_a_poll_is_complete_when_nobody_who_should_have_answered_is_missing(
    control: SideCounts, canary: SideCounts, rate: float | None, share: float | None, complete: bool
) -> None:
    assert is_complete(PollCounts(control, canary, "TC"), rate, share, 10) is complete
