"""What a measurement came to."""

from dataclasses import dataclass, field
from typing import Any


class NotMeasuredError(Exception):
    """A figure could not be measured; the message says why."""


@dataclass(frozen=True)
class Figure:
    """One figure, as measured.

    Attributes:
        name: what was measured.
        value: the number; None where there is none to be had, which `note` explains.
        goal: it should not be larger; None where nothing was promised.
        note: what must be known to read it.
        details: everything behind it, for build/bench.json.
    """

    name: str
    value: float | None
    unit: str
    goal: float | None = None
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """Say whether the goal was met."""
        if self.goal is None or self.value is None:
            return ""
        return "met" if self.value <= self.goal else "MISSED"
