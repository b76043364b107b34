from typing import Any

import pytest

from localaws.overlay.metric_math import Expression, MetricMathError

SERIES: dict[str, Any] = {"m1": {0: 1.0, 10: 2.0, 20: 3.0}, "m2": {0: 10.0, 20: 0.0}}
TIMES = [0, 10, 20, 30]


def checked(text: str) -> Any:
    Expression(text).names()
    return evaluated(text)


def evaluated(text: str) -> Any:
    return Expression(text).evaluate(SERIES, TIMES, list(SERIES))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m1 + 1", {0: 2, 10: 3, 20: 4}),
        ("2 * (m1 - 1) / 4", {0: 0, 10: 0.5, 20: 1}),
        ("m1 + m2", {0: 11, 20: 3}),
        ("m1 / m2", {0: 0.1}),
        ("-m1", {0: -1, 10: -2, 20: -3}),
        ("SUM([m1, m2])", {0: 11, 10: 2, 20: 3}),
        ("SUM(METRICS())", {0: 11, 10: 2, 20: 3}),
        ("MAX(METRICS('m'))".replace("'", '"'), {0: 10, 10: 2, 20: 3}),
        ("SUM(m1)", 6),
        ("m1 / SUM(m1)", {0: 1 / 6, 10: 2 / 6, 20: 3 / 6}),
        ("FILL(m2, 0)", {0: 10, 10: 0, 20: 0, 30: 0}),
        ("FILL(m1, REPEAT)", {0: 1, 10: 2, 20: 3, 30: 3}),
        ("IF(m1 > 1, m1, 0)", {0: 0, 10: 2, 20: 3}),
        ("IF(m1 >= 2, 1)", {10: 1, 20: 1}),
        ("RATE(m1)", {10: 0.1, 20: 0.1}),
        ("ABS(0 - m1)", {0: 1, 10: 2, 20: 3}),
    ],
)
def test_an_expression(text: str, expected: Any) -> None:
    assert evaluated(text) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [("ANOMALY_DETECTION_BAND(m1)", "is not emulated"), ("m1 +", "unexpected"), ("m1 m2", "unexpected"),
     ("m3 + 1", "not defined"), ("m1 ? 2", "not understood"), ("(m1", "expected '\\)'")],
)  # fmt: skip
def test_what_is_not_emulated_is_refused(text: str, told: str) -> None:
    with pytest.raises(MetricMathError, match=told):
        checked(text)
