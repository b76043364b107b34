"""What a run counts while it goes on."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pressrun.loadtest.histogram import LatencyHistogram
from pressrun.loadtest.outcomes import OUTCOMES
from pressrun.loadtest.plan import Measured

MOST_ERROR_NAMES = 20


class Tally:
    """Counts departures and answers; `count` is a listener of locust's request event."""

    def __init__(self) -> None:
        self.scheduled = 0
        self._sent = 0
        self._sending_seconds = 0.0
        self._started_at = self._ended_at = 0.0
        self._counts: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._latencies = LatencyHistogram()
        self._late = LatencyHistogram()

    def start(self, now: float) -> None:
        """Note the run's beginning."""
        self._started_at = now

    def end(self, now: float) -> None:
        """Note that the last call has ended."""
        self._ended_at = now

    @property
    def ended(self) -> bool:
        """Tell whether the run came to its end."""
        return self._ended_at > 0

    def leave(self, sent_after: float, late: float) -> None:
        """Count a departure: seconds since the run's start, and seconds behind its moment."""
        self._sent += 1
        self._sending_seconds = max(self._sending_seconds, sent_after)
        self._late.add(1000 * late)

    def count(self, response_time: float, context: Mapping[str, str], **_: Any) -> None:
        """Count an answer; only a good one has a latency that says something of the model."""
        self._counts[context["outcome"]] += 1
        if context["outcome"] == "ok":
            self._latencies.add(response_time)
        elif context["error"] in self._errors or len(self._errors) < MOST_ERROR_NAMES:
            self._errors[context["error"]] += 1

    def measured(self) -> Measured:
        """Return the counts as JSON carries them."""
        return {
            "scheduled": self.scheduled,
            "sent": self._sent,
            "counts": {outcome: self._counts[outcome] for outcome in OUTCOMES},
            "errors": dict(self._errors.most_common()),
            "histogram": self._latencies.as_json(),
            "late_ms": self._late.as_json(),
            "sending_seconds": self._sending_seconds,
            "started_at": self._started_at,
            "ended_at": self._ended_at,
        }
