"""Live traffic: readers' requests at a Poisson rate, each answer looked at, none repeated.

Run as a process of its own; it writes one JSON line a request and ends at SIGTERM, when the answers under way are in.
"""

import argparse
import asyncio
import json
import math
import random
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import aiohttp
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OK = 200
MODEL_ERROR = 424
DIMENSIONS = 384
TIME_OUT_SECONDS = 70


@dataclass(frozen=True)
class Answer:
    """One request and what became of it.

    Attributes:
        at: when it was due, seconds since the epoch.
        seconds: from then to the last byte of its answer.
        kind: short or long text.
        outcome: ``ok``; ``bad``, the model failed or answered wrongly; ``lost``, nobody answered.
    """

    at: float
    seconds: float
    kind: str
    outcome: str
    status: int
    variant: str
    told: str


class Readers:
    """Sends requests when they are due, however long the answers take."""

    def __init__(self, arguments: argparse.Namespace, log: IO[str]) -> None:
        self._url = f"{arguments.runtime_url}/endpoints/{arguments.endpoint}/invocations"
        self._rate = arguments.requests_per_second
        self._long_share = arguments.long_share
        self._texts = {"short": _bodies(arguments.short), "long": _bodies(arguments.long)}
        self._signer = SigV4Auth(Credentials(arguments.account, "reader"), "sagemaker", arguments.region)
        self._log = log
        self._random = random.SystemRandom()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()

    async def run(self) -> None:
        """Send until stopped, then wait for the answers under way."""
        under_way: set[asyncio.Task[None]] = set()
        limits = aiohttp.ClientTimeout(total=TIME_OUT_SECONDS)
        async with aiohttp.ClientSession(timeout=limits, connector=aiohttp.TCPConnector(limit=0)) as session:
            due = time.time()
            while not self._stopped.is_set():
                due += self._random.expovariate(self._rate)
                await self._until(due)
                task = asyncio.create_task(self._ask(session, due))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            await asyncio.gather(*under_way)

    async def _until(self, due: float) -> None:
        wait = due - time.time()
        if wait > 0:
            try:
                await asyncio.wait_for(self._stopped.wait(), wait)
            except TimeoutError:
                return

    async def _ask(self, session: aiohttp.ClientSession, due: float) -> None:
        kind = "long" if self._random.random() < self._long_share else "short"
        body = self._random.choice(self._texts[kind])
        try:
            async with session.post(self._url, data=body, headers=self._headers(body)) as answer:
                content = await answer.read()
                variant = answer.headers.get("x-Amzn-Invoked-Production-Variant", "")
                outcome, told = judged(answer.status, content)
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            outcome, told, status, variant = "lost", f"{type(error).__name__}: {error}", 0, ""
        found = Answer(due, time.time() - due, kind, outcome, status, variant, told)
        self._log.write(json.dumps(asdict(found)) + "\n")

    def _headers(self, body: bytes) -> dict[str, str]:
        request = AWSRequest("POST", self._url, data=body, headers={"content-type": "application/json"})
        self._signer.add_auth(request)
        return dict(request.headers.items())


def judged(status: int, content: bytes) -> tuple[str, str]:
    """Say whether an answer is ok, bad or lost, and what it told."""
    if status == MODEL_ERROR:
        return "bad", content.decode(errors="replace")[:300]
    if status != OK:
        return "lost", content.decode(errors="replace")[:300]
    try:
        vectors = json.loads(content)["embeddings"]
        right = bool(vectors) and all(_is_unit(vector) for vector in vectors)
    except (ValueError, KeyError, TypeError) as error:
        return "bad", f"{type(error).__name__}: {error}"
    return ("ok", "") if right else ("bad", "not a vector of unit length")


def _is_unit(vector: list[float]) -> bool:
    return len(vector) == DIMENSIONS and math.isclose(math.hypot(*vector), 1, abs_tol=1e-3)


def _bodies(path: Path) -> list[bytes]:
    lines: Iterable[dict[str, Any]] = (json.loads(line) for line in path.read_text().splitlines() if line.strip())
    return [json.dumps(line["request"]).encode() for line in lines]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime-url", required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--requests-per-second", type=float, required=True)
    parser.add_argument("--long-share", type=float, required=True)
    parser.add_argument("--short", type=Path, required=True)
    parser.add_argument("--long", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    return parser.parse_args()


async def _main(arguments: argparse.Namespace) -> None:
    with arguments.log.open("w", buffering=1) as log:
        readers = Readers(arguments, log)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, readers.stop)
        await readers.run()


if __name__ == "__main__":
    asyncio.run(_main(_arguments()))
