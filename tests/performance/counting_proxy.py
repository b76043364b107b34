"""A proxy on loopback that passes on what installers download, and counts it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

CHUNK = 1 << 16


class CountingProxy:
    """Tunnels CONNECT requests; knows nothing of what is inside."""

    def __init__(self) -> None:
        self.bytes_received = 0
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()

    @property
    def url(self) -> str:
        """What HTTPS_PROXY has to be."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        method, target, *_ = request.decode("latin-1").split(" ")
        host, _, port = target.rpartition(":")
        if method != "CONNECT":
            writer.write(b"HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\n\r\n")
            writer.close()
            return
        upstream, sender = await asyncio.open_connection(host.strip("[]"), int(port))
        self.connections += 1
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(self._pass(reader, sender, count=False), self._pass(upstream, writer, count=True))

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, count: bool) -> None:
        try:
            while data := await source.read(CHUNK):
                self.bytes_received += len(data) if count else 0
                target.write(data)
                await target.drain()
        except ConnectionError:
            pass
        finally:
            target.close()

    async def _start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server


@contextmanager
def counting() -> Iterator[CountingProxy]:
    """Run a proxy until the end of the block."""
    proxy = CountingProxy()
    loop = proxy._loop
    server = loop.run_until_complete(proxy._start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)
