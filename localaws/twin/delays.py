"""How long SageMaker takes for what, in documented or measured seconds, times the run's delay factor."""

import time
from dataclasses import dataclass

PROVISION = 240.0  # instances for a new fleet
SCALE_OUT = 180.0  # one more instance for a running variant
REWEIGH = 20.0  # a change of weights comes into force
REPLACE = 120.0  # an instance whose container died
TERMINATE = 60.0  # a drained fleet goes
DELETE = 30.0  # an endpoint goes
HEALTH_CHECK = 300.0  # a container's time to answer its first ping, unless the variant says otherwise
SHORTEST_HEALTH_CHECK = 20.0  # containers here start in real time, however short the delays


@dataclass(frozen=True)
class Delays:
    """AWS's delays, scaled."""

    factor: float

    def wait(self, seconds: float) -> None:
        """Take as long as AWS would, scaled."""
        time.sleep(seconds * self.factor)

    def health_check(self, asked: float | None) -> float:
        """Return how long a container may take to answer its first ping."""
        return max((asked or HEALTH_CHECK) * self.factor, SHORTEST_HEALTH_CHECK)
