"""No request is lost while an endpoint changes."""

import asyncio
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Any

import aiohttp

from tests.localaws.process import LocalAws
from tests.localaws.twin.hosting import Workload

RATE = 40
HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=222222222222/20261123/us-east-1/sagemaker/aws4_request",
    "Content-Type": "application/json",
}


class Traffic:
    """Sends requests at a steady rate, whether they are answered or not, and keeps what became of them."""

    def __init__(self, localaws: LocalAws, endpoint: str) -> None:
        self._url = f"{localaws.runtime_url}/endpoints/{endpoint}/invocations"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.outcomes: list[tuple[str, int | str]] = []

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def lost(self) -> Counter[int | str]:
        return Counter(status for _, status in self.outcomes if status != 200)

    def variants(self) -> Counter[str]:
        return Counter(variant for variant, _ in self.outcomes)

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session:
            started, sent = time.monotonic(), 0
            async with asyncio.TaskGroup() as requests:
                while not self._stop.is_set():
                    requests.create_task(self._send(session))
                    sent += 1
                    await asyncio.sleep(max(started + sent / RATE - time.monotonic(), 0))

    async def _send(self, session: aiohttp.ClientSession) -> None:
        try:
            async with session.post(self._url, data=b'{"sleep": 0.3}', headers=HEADERS) as answer:
                await answer.read()
                variant = answer.headers.get("x-Amzn-Invoked-Production-Variant", "")
                self.outcomes.append((variant, answer.status))
        except aiohttp.ClientError as error:
            self.outcomes.append(("", repr(error)))


def test_no_request_is_lost_over_a_rollout_and_a_rollback(workload: Workload, localaws: LocalAws) -> None:
    stable, canary = workload.model("stable"), workload.model("canary")
    both = [
        {"ModelName": stable, "InitialInstanceCount": 2},
        {"VariantName": "canary", "ModelName": canary, "InitialVariantWeight": 0},
    ]
    name = workload.endpoint(workload.config([{"ModelName": stable}]))

    def update(variants: list[dict[str, Any]]) -> None:
        workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=workload.config(variants))
        workload.settled(name)

    def shift(weight: float) -> None:
        weights = [{"VariantName": "stable", "DesiredWeight": 1 - weight}]
        weights.append({"VariantName": "canary", "DesiredWeight": weight})
        workload.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=weights
        )
        workload.settled(name)

    with Traffic(localaws, name) as traffic:
        update(both)
        for weight in (0.1, 0.5, 0.0, 0.9):
            shift(weight)
            time.sleep(0.3)
        workload.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "stable", "DesiredInstanceCount": 1}]
        )
        workload.settled(name)
        update([{"ModelName": canary}])
        time.sleep(0.5)
    assert traffic.lost == Counter()
    assert len(traffic.outcomes) > RATE
    assert set(traffic.variants()) == {"stable", "canary"}
    workload.delete(name)


def test_a_deleted_endpoint_answers_what_it_has_taken(workload: Workload, localaws: LocalAws) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model()}]))
    answers: list[dict[str, Any]] = []
    slow = threading.Thread(target=lambda: answers.append(workload.invoke(name, {"sleep": 1.5})))
    slow.start()
    time.sleep(0.5)
    workload.delete(name)
    slow.join()
    assert answers[0]["InvokedProductionVariant"] == "stable"
