"""Polls as a rollout's handler would write them, for the tests of the judge."""

from __future__ import annotations

from typing import Any

from pressrun.rollout.judge import decide

Json = dict[str, Any]
QUANTILES = {"p50": 80.0, "p90": 182.0, "p99": 256.0}
USUAL = (0.5, 0.1, 0.01)
# As fast as stable: its answers above the canary's thresholds are fewer, since these are 12 % and 35 % higher.
SOUND = (0.41, 0.073, 0.006, 0.05)


def side(n: int, errors: int = 0, above: list[Any] | None = None, **more: Any) -> Json:
    return {"n": n, "errors": errors, "above": [] if above is None else above, **more}


def poll(number: int, control: Json, canary: Json, **more: Any) -> Json:
    n = control["n"] + canary["n"]
    return (
        {"number": number, "t": 10.0 * number, "weights": 0.1, "rate": n / 10}
        | more
        | {
            "control": control,
            "canary": canary,
        }
    )


class Rollout:
    """Polls a judge whose wishes are in force at once."""

    def __init__(self, **config: Any) -> None:
        self.state: Json | None = None
        self.decision: Json = {"share": 0.0, "thresholds": {"control": [], "canary": []}}
        self.config = config
        self.number = 0
        self.last: Json = {}

    def poll(
        self,
        n: int = 1000,
        errors: float = 0.0,
        stable_errors: float = 0.0,
        above: tuple[float, ...] = SOUND,
        **more: Any,
    ) -> Json:
        """Serve n requests by the share in force, with exact shares of errors and of slow answers."""
        self.number += 1
        share = self.decision["share"]
        thresholds = self.decision["thresholds"]
        n_canary = round(share * n)
        control = side(n - n_canary, round(stable_errors * (n - n_canary)), quantiles=QUANTILES)
        control["above"] = _above(thresholds["control"], control["n"], USUAL)
        canary = side(n_canary, round(errors * n_canary))
        canary["above"] = _above(thresholds["canary"], n_canary, above)
        config = {"config": self.config} if self.number == 1 else {}
        self.last = poll(self.number, control, canary, **{"weights": share, **config, **more})
        self.state, self.decision = decide(self.state, self.last)
        return self.decision

    def until(self, *verdicts: str, most: int = 2000, **more: Any) -> Json:
        """Poll until the judge says one of the verdicts."""
        for _ in range(most):
            if self.poll(**more)["verdict"] in verdicts:
                return self.decision
        raise AssertionError(f"none of {verdicts} in {most} polls: {self.decision}")


def _above(thresholds: list[float], n: int, shares: tuple[float, ...]) -> list[list[float]]:
    return [[ms, round(n * share)] for ms, share in zip(thresholds, shares, strict=False)]
