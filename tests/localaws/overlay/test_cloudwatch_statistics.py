import pytest

from localaws.overlay.cloudwatch_statistics import Point, UnknownStatisticError, of_points

HUNDRED: list[Point] = [{"Value": float(value)} for value in range(1, 101)]
WEIGHTED: list[Point] = [{"Value": 10.0, "Count": 3.0}, {"Value": 20.0, "Count": 1.0}]
A_SET: Point = {"Value": 2.5, "_stat": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4}}
EQUAL_SET: Point = {"Value": 5.0, "_stat": {"SampleCount": 2, "Sum": 10, "Minimum": 5, "Maximum": 5}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SampleCount", 100), ("Sum", 5050), ("Average", 50.5), ("Minimum", 1), ("Maximum", 100),
        ("p50", 50.5), ("p99", 99.01), ("p100", 100), ("p0", 1), ("p99.9", 99.901),
        ("TC(90:)", 10), ("TC(:90)", 90), ("TC(10:20)", 10), ("PR(:25)", 25), ("PR(90:)", 10),
        ("TM(10:20)", 15.5), ("TM(10%:90%)", 50.5), ("tm90", 45.5), ("tc90", 90), ("ts90", 4095),
        ("TS(98:)", 199), ("IQM", 50.5), ("WM(10%:90%)", 50.5),
    ],
)  # fmt: skip
def test_a_statistic_of_one_to_a_hundred(name: str, expected: float) -> None:
    assert of_points(HUNDRED, name) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("SampleCount", 4), ("Sum", 50), ("Average", 12.5), ("TC(10:)", 1), ("TC(9:)", 4), ("PR(:10)", 75), ("p50", 10)],
)
def test_counts_weigh_values(name: str, expected: float) -> None:
    assert of_points(WEIGHTED, name) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "expected"), [("SampleCount", 4), ("Sum", 10), ("Average", 2.5), ("Minimum", 1), ("Maximum", 4)]
)
def test_a_statistic_set_has_the_basic_statistics(name: str, expected: float) -> None:
    assert of_points([A_SET], name) == expected


@pytest.mark.parametrize("name", ["p50", "TC(1:)", "PR(:3)", "tm90"])
def test_a_statistic_set_has_no_distribution(name: str) -> None:
    assert of_points([A_SET], name) is None


def test_a_set_of_equal_values_has_a_distribution() -> None:
    assert of_points([EQUAL_SET], "p99") == 5
    assert of_points([EQUAL_SET, *HUNDRED], "TC(4:5)") == 3


@pytest.mark.parametrize(
    "name", ["average", "p101", "TC()", "TC(:)", "PR(10%:90%)", "tm", "XX(1:2)", "Median", "TC(a:b)"]
)
def test_an_unknown_statistic_is_refused(name: str) -> None:
    with pytest.raises(UnknownStatisticError, match="is not a valid statistic"):
        of_points(HUNDRED, name)


def test_nothing_has_no_statistic() -> None:
    assert of_points([], "Sum") is None
    assert of_points([], "TC(1:)") is None
