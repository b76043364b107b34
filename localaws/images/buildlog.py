"""The output of a build: a file, and a stream in CloudWatch Logs written as the build's role."""

import contextlib
import logging
import os
import select
import threading
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

FLUSH_SECONDS = 1.0
MAX_LINE = 16_000
MAX_BATCH = 50
logger = logging.getLogger("localaws.images")


class LogStream:
    """One stream of CloudWatch Logs."""

    def __init__(self, client: Any, group: str, stream: str) -> None:
        self._client = client
        self._target = {"logGroupName": group, "logStreamName": stream}
        self._pending: list[dict[str, Any]] = []

    def create(self) -> None:
        """Create the stream, and its group where there is none yet."""
        try:
            self._client.create_log_stream(**self._target)
        except self._client.exceptions.ResourceNotFoundException:
            with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
                self._client.create_log_group(logGroupName=self._target["logGroupName"])
            self._client.create_log_stream(**self._target)

    def add(self, line: str) -> None:
        """Take a line."""
        self._pending.append({"timestamp": int(time.time() * 1000), "message": line[:MAX_LINE] or " "})
        if len(self._pending) >= MAX_BATCH:
            self.flush()

    def flush(self) -> None:
        """Send what is pending; a refusal is not the build's failure."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        try:
            self._client.put_log_events(**self._target, logEvents=pending)
        except (ClientError, BotoCoreError) as error:
            logger.warning("log of a build not written: %s", error)


class BuildLog:
    """Collects the output of all of a build's processes until it is closed."""

    def __init__(self, path: Path, stream: LogStream | None) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._stream = stream
        self._read_end, self.write_end = os.pipe()
        self._pump = threading.Thread(target=self._copy, daemon=True)
        self._pump.start()

    def say(self, line: str) -> None:
        """Write a line of the build agent's own."""
        os.write(self.write_end, f"[Container] {line}\n".encode())

    def close(self) -> None:
        """Write out everything; every process of the build has ended."""
        os.close(self.write_end)
        self._pump.join()
        os.close(self._read_end)
        self._file.close()

    def _copy(self) -> None:
        rest = b""
        while True:
            ready, _, _ = select.select([self._read_end], [], [], FLUSH_SECONDS)
            chunk = os.read(self._read_end, 65536) if ready else None
            if chunk is None:
                self._flush()
                continue
            *lines, rest = (rest + chunk).split(b"\n")
            lines += [rest] if not chunk and rest else []
            for line in lines:
                self._write(line.decode("utf-8", "replace"))
            if not chunk:
                self._flush()
                return

    def _write(self, line: str) -> None:
        self._file.write(line + "\n")
        if self._stream:
            self._stream.add(line)

    def _flush(self) -> None:
        self._file.flush()
        if self._stream:
            self._stream.flush()
