import pytest

from localaws.overlay.alarm_states import Rule, Verdict, judge

# 0 is fine, X breaches, - is missing; oldest first. The first two blocks are the tables of CloudWatch's manual.
THREE_OF_THREE = [
    ("0-X-X", "OK", "OK", "OK", "OK"),
    ("----0", "OK", "OK", "OK", "OK"),
    ("-----", "INSUFFICIENT_DATA", "before", "ALARM", "OK"),
    ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("--X--", "ALARM", "before", "ALARM", "OK"),
]
TWO_OF_THREE = [
    ("0-X-X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("00X0X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("0-X--", "OK", "OK", "ALARM", "OK"),
    ("----0", "OK", "OK", "ALARM", "OK"),
    ("---X-", "ALARM", "before", "ALARM", "OK"),
]
ONE_OF_ONE = [
    ("--X", "ALARM", "ALARM", "ALARM", "ALARM"),
    ("-X0", "OK", "OK", "OK", "OK"),
    ("---", "INSUFFICIENT_DATA", "before", "ALARM", "OK"),
]
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
CASES = [
    (needed, periods, points, treatment, state)
    for needed, periods, table in ((3, 3, THREE_OF_THREE), (2, 3, TWO_OF_THREE), (1, 1, ONE_OF_ONE))
    for points, *states in table
    for treatment, state in zip(TREATMENTS, states, strict=True)
]


def verdict(needed: int, periods: int, points: str, treatment: str, current: str = "before") -> Verdict:
    rule = Rule("GreaterThanThreshold", 0.5, periods, needed, treatment)
    values = {"0": 0.0, "X": 1.0, "-": None}
    return judge(rule, [(60 * index, values[point]) for index, point in enumerate(points)], current)


@pytest.mark.parametrize(("needed", "periods", "points", "treatment", "state"), CASES)
def test_m_of_n_with_missing_data(needed: int, periods: int, points: str, treatment: str, state: str) -> None:
    assert verdict(needed, periods, points, treatment).state == state


def test_the_points_that_decided_are_named() -> None:
    assert verdict(2, 3, "00X0X", "missing").decided_by == ((120, 1.0), (180, 0.0), (240, 1.0))


@pytest.mark.parametrize(
    ("comparison", "breaches"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_comparisons(comparison: str, breaches: list[bool]) -> None:
    rule = Rule(comparison, 1.0, 1, 1, "missing")
    assert [rule.breaches(value) for value in (0.0, 1.0, 2.0)] == breaches
