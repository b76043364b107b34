"""A histogram of latencies that merges by addition, so that many generators make one result."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil, log
from typing import Self

RATIO = 1.01  # bins of one per cent
_SHORTEST_MS = 0.001


class LatencyHistogram:
    """Counts of latencies by bin; bin b holds the latencies within (1.01^(b-1), 1.01^b] ms."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    @classmethod
    def merged(cls, histograms: Iterable[Self]) -> Self:
        """Add histograms up."""
        total: Counter[int] = Counter()
        for histogram in histograms:
            total.update(histogram.counts)
        return cls(total)

    @classmethod
    def from_json(cls, counts: Mapping[str, int]) -> Self:
        """Read what `as_json` wrote."""
        return cls({int(bin_): count for bin_, count in counts.items()})

    def as_json(self) -> dict[str, int]:
        """Return the counts by bin, in order; JSON's keys are texts."""
        return {str(bin_): self.counts[bin_] for bin_ in sorted(self.counts)}

    def add(self, milliseconds: float) -> None:
        """Count one latency; what is below a microsecond counts as one."""
        self.counts[ceil(log(max(milliseconds, _SHORTEST_MS)) / log(RATIO) - 1e-9)] += 1

    @property
    def count(self) -> int:
        """How many latencies were counted."""
        return self.counts.total()

    def quantile(self, q: float) -> float | None:
        """Return the upper edge, in ms, of the bin that holds the q-quantile; None where nothing was counted.

        The quantile is the ceil(q n)-th smallest latency; the edge lies at most one per cent above it.
        """
        rank, seen = max(ceil(q * self.count - 1e-9), 1), 0
        for bin_ in sorted(self.counts):
            seen += self.counts[bin_]
            if seen >= rank:
                return float(RATIO**bin_)
        return None
