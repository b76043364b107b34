from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.loadtest.arrivals import arrival_times


def test_even_arrivals_keep_their_distance() -> None:
    assert list(arrival_times(4, 1.5, "even", Random(1))) == pytest.approx([0.25, 0.5, 0.75, 1, 1.25, 1.5])


def test_poisson_arrivals_are_as_many_as_asked_on_average() -> None:
    found = list(arrival_times(100, 200, "poisson", Random(3)))
    assert abs(len(found) - 20_000) < 4 * 20_000**0.5


def test_poisson_arrivals_come_in_bursts() -> None:
    found = list(arrival_times(100, 200, "poisson", Random(3)))
    seconds = [sum(1 for moment in found if second <= moment < second + 1) for second in range(200)]
    mean = sum(seconds) / 200
    assert sum((count - mean) ** 2 for count in seconds) / 200 == pytest.approx(mean, rel=0.35)


@given(st.integers(0, 10**9))
def test_the_same_seed_gives_the_same_schedule(seed: int) -> None:
    first, second = (list(arrival_times(50, 2, "poisson", Random(seed))) for _ in range(2))
    assert first == second
    assert first == sorted(first)
