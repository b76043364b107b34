"""Runs the data plane; started by the control plane, with one end of a socket pair; ends with it.

Arguments: port, address of the gateway, metric lag in seconds, file descriptor of the socket.
"""

import asyncio
import contextlib
import socket
import sys
import time
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[3])  # the repository, in place of this folder

import aiohttp  # noqa: E402
from aiohttp import web  # noqa: E402

from localaws.settings import REGION  # noqa: E402
from localaws.twin.dataplane.metrics import Bucket, Meter, Series, requests  # noqa: E402
from localaws.twin.dataplane.permits import PermitCache  # noqa: E402
from localaws.twin.dataplane.pipe import Pipe  # noqa: E402
from localaws.twin.dataplane.routing import Table  # noqa: E402
from localaws.twin.dataplane.server import Server  # noqa: E402

PUBLISH_SECONDS = 0.5
PUT_METRIC_DATA = "GraniteServiceVersion20100801.PutMetricData"


async def serve(port: int, gateway: str, lag: float, connection: socket.socket) -> None:
    """Serve until the control plane is gone."""
    table, meter = Table(), Meter(lag)

    def answer(message: dict[str, Any]) -> Any:
        if message["do"] == "routes":
            return table.replace(message["routes"])
        return table.outstanding(message["instances"])

    pipe = Pipe(answer)
    runner = web.AppRunner(
        Server(table, meter, PermitCache(pipe.ask).permit).application(), access_log=None, shutdown_timeout=1
    )
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    publishing = asyncio.create_task(publish(meter, gateway))
    try:
        await pipe.run(connection, opened=lambda: pipe.tell({"id": 0, "do": "ready"}))
    finally:
        publishing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await publishing
        await runner.cleanup()


async def publish(meter: Meter, gateway: str) -> None:
    """Send complete intervals, for as long as it takes."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        while True:
            await asyncio.sleep(PUBLISH_SECONDS)
            for series, bucket in meter.take_due(time.time()):
                try:
                    await _put(session, gateway, series, bucket)
                except (aiohttp.ClientError, TimeoutError) as error:
                    print(f"metrics of {series.endpoint} are sent again: {error!r}", flush=True)
                    meter.put_back(series, bucket)


async def _put(session: aiohttp.ClientSession, gateway: str, series: Series, bucket: Bucket) -> None:
    """Send one interval into the endpoint's account, as its root."""
    day = time.strftime("%Y%m%d", time.gmtime())
    scope = f"{series.account}/{day}/{REGION}/monitoring/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": PUT_METRIC_DATA,
    }
    for body in requests(series, bucket):
        async with session.post(gateway, data=body.encode(), headers=headers) as answer:
            if answer.status != 200:
                print(f"metrics of {series.endpoint} were refused: {await answer.text()}", flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), socket.socket(fileno=int(sys.argv[4]))))
