"""When requests arrive: users do not wait for each other's answers, so the schedule is made before the first call."""

from collections.abc import Iterator
from random import Random
from typing import Literal

Arrivals = Literal["poisson", "even"]


def arrival_times(rate: float, seconds: float, arrivals: Arrivals, random: Random) -> Iterator[float]:
    """Yield the moments of an open workload, in seconds since its start.

    Args:
        rate: requests a second.
        seconds: how long they go on arriving.
        arrivals: `poisson`, gaps of exponential length; or `even`, the same gap each time.
        random: the source of the gaps.
    """
    moment = 0.0
    while True:
        moment += random.expovariate(rate) if arrivals == "poisson" else 1 / rate
        if moment > seconds * (1 + 1e-12):
            return
        yield moment
