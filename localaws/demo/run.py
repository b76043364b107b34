"""The demonstration: four versions of a model go their way under live traffic, on an AWS on this machine."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from localaws.demo.archives import VERSIONS, build_archives  # noqa: E402
from localaws.demo.installation import DemoError, Installation, installation  # noqa: E402
from localaws.demo.story import SERVICE, Newsroom  # noqa: E402
from localaws.demo.summary import failures, read_answers, summarise, told  # noqa: E402
from localaws.settings import ACCOUNTS  # noqa: E402

OUTPUT = ROOT / "build" / "demo"
OVERRIDE = Path("localaws/demo/short.yaml")
TRAFFIC = ROOT / "services" / SERVICE / "traffic"
LONG_SHARE = 0.05
_BEGAN = time.time()


def tell(text: str) -> None:
    """Print one line with the seconds since the start."""
    print(f"[{time.time() - _BEGAN:5.0f} s] {text}" if text else "", flush=True)


@contextmanager
def live_traffic(running: Installation, rate: float) -> Iterator[Path]:
    """Send readers' requests until the end of the block; give the log's path."""
    log = OUTPUT / "traffic.jsonl"
    command = [
        sys.executable, str(ROOT / "localaws" / "demo" / "traffic.py"),
        "--runtime-url", running["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"], "--endpoint", SERVICE,
        "--account", ACCOUNTS["prod"], "--requests-per-second", str(rate),
        "--long-share", str(LONG_SHARE), "--short", str(TRAFFIC / "short.jsonl"), "--long", str(TRAFFIC / "long.jsonl"),
        "--log", str(log),
    ]  # fmt: skip
    readers = subprocess.Popen(command, env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"})
    try:
        yield log
        if readers.poll() is not None:
            raise DemoError(f"live traffic ended by itself with status {readers.returncode}")
    finally:
        readers.terminate()
        readers.wait(timeout=90)


def play(arguments: argparse.Namespace) -> dict[str, Any]:
    """Play the main job and return its summary."""
    tell("building the archives of four versions")
    archives = build_archives(OUTPUT / "archives")
    tell("starting AWS on this machine and deploying Pressrun into four accounts")
    with installation(OUTPUT / "aws", arguments.delay_factor, arguments.metric_lag) as running:
        os.environ.update(running.environment)
        newsroom = Newsroom(running, tell)
        newsroom.pressrun("services", "apply", SERVICE, "--override", str(OVERRIDE))
        first, *later = VERSIONS
        releases = [{**newsroom.release(first, archives[first.name]), "error": first.error}]
        tell(f"live traffic starts: {arguments.requests_per_second:g} requests a second, {LONG_SHARE:.0%} long texts")
        with live_traffic(running, arguments.requests_per_second) as log:
            for version in later:
                tell("")
                tell(f"{version.name}: {version.what}")
                releases.append({**newsroom.release(version, archives[version.name]), "error": version.error})
    return summarise(releases, read_answers(log), _settings(arguments))


def _settings(arguments: argparse.Namespace) -> dict[str, Any]:
    spec = yaml.safe_load((ROOT / OVERRIDE).read_text())
    return {
        "rollout": spec["rollout"],
        "load_test_seconds": spec["stages"]["qa"]["load_test"]["seconds"],
        "delay_factor": arguments.delay_factor,
        "metric_lag_seconds": arguments.metric_lag,
        "requests_per_second": arguments.requests_per_second,
        "long_share": LONG_SHARE,
    }


def main() -> int:
    """Play, print and write the summary; status 0 only if everything came out as it has to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests-per-second", type=float, default=32)
    parser.add_argument("--delay-factor", type=float, default=0.01)
    parser.add_argument("--metric-lag", type=float, default=3)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    try:
        summary = play(parser.parse_args())
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    (ROOT / "build" / "demo.json").write_text(json.dumps(summary, indent=2) + "\n")
    print("\n" + "\n".join(told(summary)))
    wrong = failures(summary)
    for line in wrong:
        print(f"NOT AS EXPECTED: {line}", file=sys.stderr)
    print("\nbuild/demo.json has the details. To look further: `make up`, then `. .localaws/env`, then for example")
    print(
        "  .venv/bin/pressrun services        aws sagemaker list-endpoints        .venv/bin/pressrun releases --watch"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
