"""What GET /metrics shows, in Prometheus' text format."""

from collections import Counter


class ServingMetrics:
    """Counts answers by status and the seconds spent on them."""

    def __init__(self) -> None:
        self._answers: Counter[int] = Counter()
        self._seconds = 0.0

    def count(self, status: int, seconds: float) -> None:
        """Count one invocation."""
        self._answers[status] += 1
        self._seconds += seconds

    def text(self, *, ready: bool, admitted: int) -> str:
        """Write all metrics."""
        lines = ["# TYPE pressrun_ready gauge", f"pressrun_ready {int(ready)}"]
        lines += ["# TYPE pressrun_admitted_requests gauge", f"pressrun_admitted_requests {admitted}"]
        lines += ["# TYPE pressrun_invocations_total counter"]
        lines += [f'pressrun_invocations_total{{status="{key}"}} {n}' for key, n in sorted(self._answers.items())]
        lines += ["# TYPE pressrun_invocation_seconds_total counter"]
        lines += [f"pressrun_invocation_seconds_total {self._seconds:.6f}"]
        return "\n".join(lines) + "\n"
