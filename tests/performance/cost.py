"""What a release of the control plane costs: transitions and dollars, as played and with a spec's own durations."""

import json
from pathlib import Path
from typing import Any

from localaws.twin import delays
from pressrun.service.spec import ServiceSpec
from tests.performance.counts import Counts, count
from tests.performance.figure import Figure
from tests.performance.releases import Played

GOAL_DOLLARS = 0.25
PRICES = Path(__file__).with_name("prices.json")
LOOK_SECONDS, LAG_LOOK_SECONDS, METRIC_LAG_SECONDS = 5, 2, 60
CLOUDWATCH = "cloudwatch_"


def measure(played: Played) -> list[Figure]:
    """Count what the warm release took, and price it."""
    prices = json.loads(PRICES.read_text())
    counts = count(played.warm, played.calls, played.log)
    full = counts.scaled(times(counts))
    told = {"as played": counts, "full durations": full}
    dollars = {name: _dollars(found, prices["prices"]) for name, found in told.items()}
    spec = ServiceSpec(name="any", owner="any")
    note = "\n".join(
        [
            f"a release through dev, qa and prod with the default spec's durations: {_polls(spec)} polls of"
            f" {spec.rollout.poll_seconds} s, load tests of 60 and 120 s, endpoint changes of {delays.PROVISION:g} s,"
            f" {METRIC_LAG_SECONDS} s of metric lag: counted a look, a poll and a second as played, times those",
            *_items(full, dollars["full durations"]),
            f"as played (shorter durations): ${sum(dollars['as played'].values()):.4f}",
            f"prices of {prices['written']}, {prices['region']}, in tests/performance/prices.json with source, date and"
            " confidence each; no free tier",
            f"counted, but its price is not known: {_unpriced(full, prices['prices'])}",
            "not counted: instances, the image's build, what the reconciler and the standing alarms cost a month",
        ]
    )
    details = {
        name: {"counts": found.items, "dollars": dollars[name], "api_calls": found.calls}
        for name, found in told.items()
    }
    transitions = Figure(
        "Step Functions transitions of a release",
        round(full.items["transitions"]),
        "transitions",
        None,
        f"as played {counts.items['transitions']:.0f}",
        {"per_machine": counts.machines},
    )
    total = sum(dollars["full durations"].values())
    return [transitions, Figure("dollars of a release", round(total, 4), "$", GOAL_DOLLARS, note, details)]


def times(counts: Counts) -> dict[str, float]:
    """Return how often each thing that repeats would happen with the default spec's durations."""
    spec = ServiceSpec(name="any", owner="any")
    tests = [stage.load_test for stage in (spec.stages.dev, spec.stages.qa) if stage.load_test]
    return {
        "poll": _polls(spec),
        "look": counts.changes * delays.PROVISION / LOOK_SECONDS,
        "lag_look": METRIC_LAG_SECONDS / LAG_LOOK_SECONDS,
        "load_seconds": sum(test.seconds for test in tests),
    }


def _polls(spec: ServiceSpec) -> int:
    rollout = spec.rollout
    return round((rollout.warmup_seconds + rollout.bake_seconds + rollout.watch_seconds) / rollout.poll_seconds)


def _dollars(counts: Counts, prices: dict[str, Any]) -> dict[str, float]:
    return {
        item: number * prices[item]["value"] / prices[item]["per"]
        for item, number in counts.items.items()
        if prices[item]["value"] is not None
    }


def _items(counts: Counts, dollars: dict[str, float]) -> list[str]:
    ours = {item: value for item, value in dollars.items() if not item.startswith(CLOUDWATCH)}
    watch = {item: value for item, value in dollars.items() if item.startswith(CLOUDWATCH)}
    lines = [f"  {item}: {counts.items[item]:,.0f} = ${value:.4f}" for item, value in ours.items()]
    lines.append(f"  CloudWatch together: ${sum(watch.values()):.4f}")
    return lines + [
        f"    {item.removeprefix(CLOUDWATCH)}: {counts.items[item]:,.0f} = ${value:.4f}"
        for item, value in watch.items()
    ]


def _unpriced(counts: Counts, prices: dict[str, Any]) -> str:
    found = [f"{counts.items[item]:.1f} x {price['unit']}" for item, price in prices.items() if price["value"] is None]
    return "; ".join(found)
