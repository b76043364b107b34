"""Three releases of the smallest service there can be, two of them under live traffic, on an AWS of their own."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from localaws.demo.installation import installation
from localaws.settings import ACCOUNTS
from tests.integration.product import CLOSED, Echo, Product, echo, until
from tests.performance.figure import NotMeasuredError
from tests.performance.histories import Execution, executions

ROOT = Path(__file__).resolve().parents[2]
LONGEST_RELEASE_SECONDS = 900
REQUESTS_PER_SECOND = 20.0
RARE_SHARE = 0.1
LOAD_TEST = {"requests_per_second": 20, "seconds": 8}
# Wide, for machines that do other work meanwhile: what is measured is the control plane.
SLO = {"p95_ms": 5000, "p99_ms": 10000, "error_rate": 0.01}


@dataclass
class Release:
    """One release that was played, with everything it left."""

    release_id: str
    began: float
    ended: float
    record: dict[str, Any]
    executions: list[Execution]
    rollout: dict[str, Any] | None


@dataclass
class Played:
    """What the figures are made of.

    Attributes:
        cold: the first release, every function's first call.
        caught: one whose model fails where nobody tested, taken back from prod.
        warm: a good one after it.
        answers: the live traffic's log, over `caught` and `warm`.
        calls: the API calls of functions, by CloudTrail, while `warm` ran.
        log: the functions' log lines while `warm` ran.
    """

    delay_factor: float
    metric_lag: float
    cold: Release
    caught: Release
    warm: Release
    answers: list[dict[str, Any]]
    calls: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)


def play(folder: Path, delay_factor: float, metric_lag: float) -> Played:
    """Start an embedded AWS, play, and stop it."""
    with installation(folder / "aws", delay_factor, metric_lag) as running:
        ports = [urlsplit(running[f"AWS_ENDPOINT_URL{suffix}"]).port or 0 for suffix in ("", "_SAGEMAKER_RUNTIME")]
        product = Product(running.folder, *ports)
        tested = {stage: {"load_test": LOAD_TEST} for stage in ("dev", "qa")}
        prod = {"approval": None, "instances": {"min": 1, "max": 2}}
        service = echo(product, stages={**tested, "prod": prod}, slo=SLO)
        cold = _release(service, "good", "promoted")
        with _live_traffic(folder, running["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"], service.name) as log:
            caught = _release(service, "shy", "rolled_back")
            _record_calls(product.port)
            warm = _release(service, "good", "promoted")
        answers = [json.loads(line) for line in log.read_text().splitlines()]
        return Played(
            delay_factor, metric_lag, cold, caught, warm, answers, _calls(product, warm), _log_lines(product, warm)
        )


def _release(service: Echo, word: str, expected: str) -> Release:
    """Approve a package and follow its release to the end."""
    began = time.time()
    product = service.product
    release_id = service.approve(word)

    def closed() -> dict[str, Any] | None:
        found = product.release(release_id)
        return found if found.get("status") in CLOSED else None

    record = until(closed, LONGEST_RELEASE_SECONDS)
    if record["status"] != expected:
        raise NotMeasuredError(f"{release_id} ended {record['status']}, expected {expected}: {record.get('failure')}")
    ended = time.time()
    client = product.client("stepfunctions")
    until(lambda: all(each.stopped for each in executions(client, release_id)), 30)
    return Release(release_id, began, ended, record, executions(client, release_id), _rollout(product, release_id))


def _rollout(product: Product, release_id: str) -> dict[str, Any] | None:
    """Return the evidence of the rollout in prod."""
    s3, bucket = product.client("s3"), product.outputs["tools"]["ArtifactsBucketName"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=f"evidence/{release_id}/prod-rollout").get("Contents", [])
    if not found:
        return None
    document: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read())
    return document


@contextmanager
def _live_traffic(folder: Path, runtime_url: str, endpoint: str) -> Iterator[Path]:
    """Send readers' requests until the end of the block, some of them rare texts; give the log's path."""
    log = folder / "traffic.jsonl"
    texts = {kind: folder / f"{kind}.jsonl" for kind in ("common", "rare")}
    for kind, path in texts.items():
        path.write_text("".join(json.dumps({"request": {"text": f"{kind} {n}"}}) + "\n" for n in range(20)))
    command = [
        sys.executable, str(ROOT / "localaws" / "demo" / "traffic.py"), "--runtime-url", runtime_url,
        "--endpoint", endpoint, "--account", ACCOUNTS["prod"], "--requests-per-second", str(REQUESTS_PER_SECOND),
        "--long-share", str(RARE_SHARE), "--short", str(texts["common"]), "--long", str(texts["rare"]),
        "--log", str(log),
    ]  # fmt: skip
    readers = subprocess.Popen(command, env={**os.environ, "AWS_EC2_METADATA_DISABLED": "true"})
    try:
        yield log
        if readers.poll() is not None:
            raise NotMeasuredError(f"live traffic ended by itself with status {readers.returncode}")
    finally:
        readers.terminate()
        readers.wait(timeout=90)


def _record_calls(port: int) -> None:
    """Let CloudTrail record every API call from now on."""
    body = json.dumps({"cloudtrail._recording_enabled": "true"}).encode()
    urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/config", body, timeout=10).close()


def _calls(product: Product, release: Release) -> list[dict[str, Any]]:
    """Return the calls of roles' sessions, which functions are, in the accounts; readers and SageMaker are none."""
    found: dict[str, dict[str, Any]] = {}
    for account in ACCOUNTS:
        trail, end = product.client("cloudtrail", account), release.ended
        while True:  # newest first, 50 at most, no token
            page = trail.lookup_events(StartTime=release.began, EndTime=end, MaxResults=50)["Events"]
            fresh = [event for event in page if event["EventId"] not in found]
            found |= {event["EventId"]: event for event in fresh}
            if not fresh:
                break
            end = min(event["EventTime"].timestamp() for event in fresh)
    return [json.loads(event["CloudTrailEvent"]) for event in found.values() if event["Username"].startswith("ASIA")]


def _log_lines(product: Product, release: Release) -> list[dict[str, Any]]:
    logs, lines = product.client("logs"), []
    window = {"startTime": int(1000 * release.began), "endTime": int(1000 * release.ended)}
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName="/pressrun/functions", **window):
        lines += page["events"]
    return lines
