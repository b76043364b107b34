"""Measures the control plane; prints a table and writes build/bench.json. Takes about ten minutes.

A figure over its goal is no failure: status 0, unless something could not be measured.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from localaws.demo.installation import DemoError  # noqa: E402
from tests.performance import cold_start, cost, overhead, releases, rollback, setting_up, table  # noqa: E402
from tests.performance.figure import Figure, NotMeasuredError  # noqa: E402

FOLDER = ROOT / "build" / "bench"
PARTS = ("cold-start", "releases", "set-up")


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="tests.performance", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this alone; may be given again")
    parser.add_argument("--cold", action="store_true", help="set up with empty package caches too; downloads all")
    parser.add_argument("--delay-factor", type=float, default=0.02, help="AWS's delays are multiplied by this")
    parser.add_argument("--metric-lag", type=float, default=3.0, help="seconds until endpoint metrics are readable")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    parts: dict[str, Callable[[], list[Figure]]] = {
        "cold-start": lambda: cold_start.measure(FOLDER),
        "releases": lambda: _releases(arguments.delay_factor, arguments.metric_lag),
        "set-up": lambda: setting_up.measure(cold=arguments.cold),
    }
    figures, missing = [], []
    for name in arguments.only or PARTS:
        _tell(f"measuring: {name}")
        try:
            figures += parts[name]()
        except (NotMeasuredError, DemoError, AssertionError) as error:
            missing.append(f"{name}: {error}")
    document = {"machine": _machine(), "figures": [asdict(figure) for figure in figures], "not_measured": missing}
    (ROOT / "build" / "bench.json").write_text(json.dumps(document, indent=2, default=str) + "\n")
    _tell("\n".join(["", *table.lines(figures), "", _told(_machine()), "build/bench.json has the details"]))
    for line in missing:
        sys.stderr.write(f"NOT MEASURED: {line}\n")
    return 1 if missing else 0


def _releases(delay_factor: float, metric_lag: float) -> list[Figure]:
    played = releases.play(FOLDER, delay_factor, metric_lag)
    return [*overhead.measure(played.cold, played.warm), *cost.measure(played), *rollback.measure(played)]


def _machine() -> dict[str, object]:
    """Return what the figures depend on besides the code."""
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "processors": os.cpu_count(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
        "python": sys.version.split()[0],
    }


def _told(machine: dict[str, object]) -> str:
    where = f"on {machine['processors']} processors under a load of {machine['load_average']}"
    return f"measured with Python {machine['python']} {where}"


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
