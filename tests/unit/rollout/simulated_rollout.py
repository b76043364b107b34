"""A rollout against simulated users: arrivals, latencies, errors, metrics that lag, weights that take hold late.

Seconds are simulated. Each request goes to the canary with the share in force, so both variants meet the same weather.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from pressrun.rollout.judge import decide

Json = dict[str, Any]


@dataclass(frozen=True)
class Variant:
    """How one variant answers: log-normal latencies in ms, errors as a share from some second on."""

    errors: float = 0.0005
    median_ms: float = 80.0
    log_sd: float = 0.5
    errors_since: float = 0.0

    def answer(self, random: Random, t: float) -> tuple[bool, float]:
        rate = self.errors if t >= self.errors_since else Variant.errors
        return random.random() < rate, self.median_ms * math.exp(self.log_sd * random.gauss(0, 1))


@dataclass(frozen=True)
class Traffic:
    """Requests a second, length of a poll, lag of the metrics, time until weights are in force; all in seconds."""

    rate: Callable[[float], float] = lambda t: 10.0
    poll: float = 10.0
    lag: float = 5.0
    actuation: tuple[float, float] = (10.0, 30.0)
    both_fail: tuple[float, float, float] = (math.inf, math.inf, 0.0)


@dataclass
class Outcome:
    verdict: str
    seconds: float
    bad: int
    canary_answers: int
    reason: str
    verdicts: list[str] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    nine_tenths: float = math.inf


@dataclass
class Rollout:
    """One rollout of a canary beside a stable variant."""

    stable: Variant
    canary: Variant
    traffic: Traffic
    random: Random
    config: Json
    share: float = 0.0
    change: tuple[float, float] | None = None
    bad: int = 0
    answers: int = 0

    def run(self, seconds: float) -> Outcome:
        """Poll until the judge ends the rollout, then until its last weight change is in force."""
        state: Json | None = None
        outcome = Outcome("continue", seconds, 0, 0, "")
        thresholds: Json = {"control": [], "canary": []}
        for number in range(1, math.ceil(seconds / self.traffic.poll) + 1):
            poll = self.polled(number, thresholds)
            state, decision = decide(state and json.loads(json.dumps(state)), poll)
            thresholds, t = decision["thresholds"], poll["t"] + self.traffic.lag
            outcome.verdicts.append(decision["verdict"])
            outcome.shares.append(decision["share"])
            if decision["share"] >= 0.9:
                outcome.nine_tenths = min(outcome.nine_tenths, t)
            if decision["verdict"] in {"promote", "roll_back"}:
                outcome.verdict, outcome.seconds, outcome.reason = decision["verdict"], t, decision["reason"]
                break
            outcome.verdict, outcome.reason = decision["verdict"], decision["reason"]
            self.ask(t, decision["share"])
        if outcome.verdict == "roll_back":
            in_force = outcome.seconds + self.random.uniform(*self.traffic.actuation)
            self.requests(poll["t"], in_force, self.random)
        outcome.bad, outcome.canary_answers = self.bad, self.answers
        return outcome

    def ask(self, t: float, share: float) -> None:
        """Ask for a share; refused while a change is under way."""
        if self.change is None and abs(share - self.share) > 1e-9:
            self.change = (t + self.random.uniform(*self.traffic.actuation), share)

    def polled(self, number: int, thresholds: Json) -> Json:
        """Serve one poll's requests and count them as CloudWatch would."""
        start, end = (number - 1) * self.traffic.poll, number * self.traffic.poll
        changed = self.change is not None and self.change[0] < end
        stable, canary = self.requests(start, end, self.random)
        poll: Json = {
            "number": number,
            "t": end,
            "weights": None if changed else self.share,
            "rate": (len(stable) + len(canary)) / self.traffic.poll,
            "control": {**counted(stable, thresholds["control"]), "quantiles": quantiles(stable)},
            "canary": counted(canary, thresholds["canary"]),
        }
        return {**poll, "config": self.config} if number == 1 else poll

    def requests(self, start: float, end: float, random: Random) -> tuple[list[Json], list[Json]]:
        stable: list[Json] = []
        canary: list[Json] = []
        for t in arrivals(self.traffic.rate, start, end, random):
            if self.change is not None and t >= self.change[0]:
                self.share, self.change = self.change[1], None
            to_canary = random.random() < self.share
            failed, ms = (self.canary if to_canary else self.stable).answer(random, t)
            since, until, rate = self.traffic.both_fail
            failed = failed or (since <= t < until and random.random() < rate)
            (canary if to_canary else stable).append({"failed": failed, "ms": ms})
            self.bad += to_canary and failed
            self.answers += to_canary
        if self.change is not None and self.change[0] < end:
            self.share, self.change = self.change[1], None
        return stable, canary


def arrivals(rate: Callable[[float], float], start: float, end: float, random: Random) -> Iterator[float]:
    """Yield Poisson arrivals, second by second."""
    second = start
    while second < end:
        now = rate(second)
        t = second
        while now > 0:
            t += random.expovariate(now)
            if t >= min(second + 1, end):
                break
            yield t
        second += 1


def counted(answers: list[Json], thresholds: list[float]) -> Json:
    return {
        "n": len(answers),
        "errors": sum(answer["failed"] for answer in answers),
        "above": [[ms, sum(answer["ms"] > ms for answer in answers)] for ms in thresholds],
    }


def quantiles(answers: list[Json]) -> Json | None:
    ordered = sorted(answer["ms"] for answer in answers)
    if not ordered:
        return None
    return {
        name: ordered[min(int(q * len(ordered)), len(ordered) - 1)]
        for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    }
