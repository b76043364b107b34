"""The fleets that serve, and the routes to them."""

import threading
import time
from dataclasses import dataclass, field

from localaws.twin.dataplane_process import DataPlane
from localaws.twin.fleet.fleet import Fleet
from localaws.twin.fleet.instance import Instance
from localaws.twin.state import Record, State

DRAIN_SECONDS = 65.0  # a little more than an invocation may take
DRAIN_POLL_SECONDS = 0.1
DEFAULT_FREQUENCY = 60


@dataclass
class Live:
    """One endpoint's fleets by variant, all of one config."""

    config: str
    frequency: int
    fleets: dict[str, Fleet] = field(default_factory=dict)


class Traffic:
    """Which fleets take requests; every change is in force when the method returns."""

    def __init__(self, state: State, dataplane: DataPlane) -> None:
        self._state = state
        self._dataplane = dataplane
        self._live: dict[tuple[str, str], Live] = {}
        self._lock = threading.RLock()

    def live(self, account: str, endpoint: str) -> Live | None:
        """Return an endpoint's fleets."""
        return self._live.get((account, endpoint))

    def fleets(self) -> list[Fleet]:
        """Return all fleets that serve."""
        with self._lock:
            return [fleet for live in self._live.values() for fleet in live.fleets.values()]

    def switch(self, account: str, endpoint: str, live: Live | None) -> list[Fleet]:
        """Send an endpoint's requests to other fleets, or nowhere; return those that served before."""
        with self._state.lock, self._lock:
            before = self._live.pop((account, endpoint), None)
            if live:
                self._live[account, endpoint] = live
            self.push()
        return list(before.fleets.values()) if before else []

    def push(self) -> None:
        """Put the present fleets, instances and weights in force."""
        with self._state.lock, self._lock:
            routes = [self._route(*key, live) for key, live in self._live.items()]
            self._dataplane.push(routes)

    def drain(self, instances: list[Instance]) -> None:
        """Wait until instances out of service have answered what they were working on."""
        deadline = time.monotonic() + DRAIN_SECONDS
        ids = [instance.id for instance in instances]
        while self._dataplane.outstanding(ids) and time.monotonic() < deadline:
            time.sleep(DRAIN_POLL_SECONDS)

    def _route(self, account: str, endpoint: str, live: Live) -> Record:
        """Describe an endpoint to the data plane."""
        record = self._state.table(account, "endpoints")[endpoint]
        weights = {each["VariantName"]: each["CurrentWeight"] for each in record["ProductionVariants"]}
        return {
            "account": account,
            "endpoint": endpoint,
            "config": live.config,
            "frequency": live.frequency,
            "variants": [
                {
                    "name": name,
                    "weight": weights[name],
                    "strategy": fleet.plan.strategy,
                    "instances": [{"id": each.id, "port": each.port} for each in fleet.serving],
                }
                for name, fleet in live.fleets.items()
            ],
        }


def frequency(config: Record) -> int:
    """Return how often a config's endpoints publish invocation metrics, in seconds."""
    metrics = config.get("MetricsConfig", {})
    if not metrics.get("EnableEnhancedMetrics"):
        return DEFAULT_FREQUENCY
    return int(metrics.get("MetricPublishFrequencyInSeconds", DEFAULT_FREQUENCY))
