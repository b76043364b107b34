"""What the demonstration came to: from the traffic's log and the releases' records."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def read_answers(path: Path) -> list[Document]:
    """Read the traffic's log."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def summarise(releases: list[Document], answers: list[Document], settings: Document) -> Document:
    """Count what readers got, in all and while each release ran."""
    bad = [answer for answer in answers if answer["outcome"] == "bad"]
    lost = [answer for answer in answers if answer["outcome"] == "lost"]
    span = max((answer["at"] for answer in answers), default=0) - min((answer["at"] for answer in answers), default=0)
    return {
        "settings": settings,
        "releases": [{**release, "traffic": _during(release, answers)} for release in releases],
        "traffic": {
            "requests": len(answers),
            "seconds": round(span, 1),
            "requests_per_second": round(len(answers) / span, 1) if span else 0,
            "ok": sum(answer["outcome"] == "ok" for answer in answers),
            "bad_answers": len(bad),
            "requests_lost": len(lost),
            "bad_by_kind": dict(Counter(answer["kind"] for answer in bad)),
            "bad_told": dict(Counter(answer["told"][:160] for answer in bad).most_common(3)),
            "lost_told": dict(Counter(f"{answer['status']} {answer['told'][:160]}" for answer in lost).most_common(3)),
        },
    }


def _during(release: Document, answers: list[Document]) -> Document:
    inside = [answer for answer in answers if release["began"] <= answer["at"] <= release["ended"]]
    by_variant: dict[str, Document] = {}
    for variant in sorted({answer["variant"] for answer in inside if answer["variant"]}):
        latencies = sorted(a["seconds"] for a in inside if a["variant"] == variant and a["outcome"] == "ok")
        by_variant[variant] = {
            "requests": sum(answer["variant"] == variant for answer in inside),
            "bad_answers": sum(answer["variant"] == variant and answer["outcome"] == "bad" for answer in inside),
            "p50_ms": _quantile(latencies, 0.5),
            "p95_ms": _quantile(latencies, 0.95),
        }
    return {
        "requests": len(inside),
        "bad_answers": sum(answer["outcome"] == "bad" for answer in inside),
        "requests_lost": sum(answer["outcome"] == "lost" for answer in inside),
        "first_bad_at": min((answer["at"] for answer in inside if answer["outcome"] == "bad"), default=None),
        "by_variant": by_variant,
    }


def _quantile(ordered: list[float], q: float) -> float | None:
    return round(1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 1) if ordered else None


def failures(summary: Document) -> list[str]:
    """Return what did not come out as it has to."""
    found = [
        f"{release['version']} ended {release['status']}, expected {release['expected']}"
        for release in summary["releases"]
        if release["status"] != release["expected"]
    ]
    found += [
        f"{release['version']} ended with {(release['failure'] or {}).get('error')}, expected {release['error']}"
        for release in summary["releases"]
        if release["error"] and (release["failure"] or {}).get("error") != release["error"]
    ]
    if summary["traffic"]["requests_lost"]:
        found.append(f"{summary['traffic']['requests_lost']} requests were lost: {summary['traffic']['lost_told']}")
    harmless = [r for r in summary["releases"] if r["version"] != "v3" and r["traffic"]["bad_answers"]]
    found += [f"readers got {r['traffic']['bad_answers']} bad answers while {r['version']} ran" for r in harmless]
    return found


def told(summary: Document) -> list[str]:
    """Return the summary as lines for people."""
    traffic, settings = summary["traffic"], summary["settings"]
    lines = [f"{'version':8} {'release':32} {'ended':12} {'seconds':>7} {'bad':>4} {'lost':>4}  why"]
    for release in summary["releases"]:
        failure = release["failure"] or {}
        why = f"{failure.get('error')}: {failure.get('cause')}" if failure else release["what"]
        during = release["traffic"]
        lines.append(
            f"{release['version']:8} {release['release_id']:32} {release['status']:12} {release['seconds']:7.0f} "
            f"{during['bad_answers']:4} {during['requests_lost']:4}  {why[:160]}"
        )
    caught = next((r for r in summary["releases"] if r["status"] == "rolled_back"), None)
    lines += [
        "",
        f"live traffic: {traffic['requests']} requests in {traffic['seconds']:.0f} s "
        f"({traffic['requests_per_second']} a second), {traffic['ok']} answered well, "
        f"{traffic['bad_answers']} badly, {traffic['requests_lost']} lost",
    ]
    if caught:
        lines += _caught(caught)
    lines += [
        f"durations of this run: {settings['rollout']}, load tests of {settings['load_test_seconds']} s",
        f"AWS's delays times {settings['delay_factor']}, metrics readable after {settings['metric_lag_seconds']} s",
        "the judge's constants and its budget of bad answers are the product's; the traffic is not seeded",
    ]
    return lines


def _caught(release: Document) -> list[str]:
    during = release["traffic"]
    first = during["first_bad_at"]
    after = f", {release['ended'] - first:.0f} s after the first of them everything was back" if first else ""
    return [f"{release['version']} was taken back: readers got {during['bad_answers']} bad answers{after}"]
