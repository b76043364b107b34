"""The line to the control plane: JSON messages on a socket; its end ends this process."""

import asyncio
import itertools
import json
import socket
from collections.abc import Callable
from typing import Any

Answerer = Callable[[dict[str, Any]], Any]


class Pipe:
    """Asks the control plane and answers it."""

    def __init__(self, answer: Answerer) -> None:
        self._answer = answer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._writer: asyncio.StreamWriter | None = None

    async def run(self, connection: socket.socket, opened: Callable[[], None]) -> None:
        """Serve the line until the control plane closes it."""
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=2**26)
        opened()
        while line := await reader.readline():
            message = json.loads(line)
            if "re" in message:
                waiting = self._waiting.pop(message["re"], None)
                if waiting and not waiting.done():
                    waiting.set_result(message["answer"])
            else:
                self.tell({"re": message["id"], "answer": self._answer(message)})

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message."""
        if self._writer:
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def ask(self, message: dict[str, Any], timeout: float) -> Any:
        """Send a question and wait for its answer."""
        number = next(self._ids)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self.tell({"id": number, **message})
        try:
            return await asyncio.wait_for(self._waiting[number], timeout)
        finally:
            self._waiting.pop(number, None)
