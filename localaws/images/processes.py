"""Starts a build's processes and ends all of them, whatever they started themselves."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path


class StoppedError(Exception):
    """The build was stopped."""


class LateError(Exception):
    """The build took longer than it may."""


class Processes:
    """The processes of one build, which may be stopped from another thread."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._stopping = threading.Event()
        self._groups: list[int] = []

    def stop(self) -> None:
        """End everything now, and let nothing start any more."""
        self._stopping.set()
        self.kill()

    def kill(self) -> None:
        """Kill every process group that was started."""
        for group in self._groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def wait(self, seconds: float) -> None:
        """Wait, unless the build is stopped meanwhile."""
        self._stopping.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise if the build was stopped or is late."""
        if self._stopping.is_set():
            raise StoppedError
        if time.monotonic() > self._deadline:
            raise LateError

    def bash(self, script: Path, folder: Path, environment: Mapping[str, str], output: int) -> int:
        """Run a script to its end and return its status."""
        self.check()
        process = subprocess.Popen(
            ["/bin/bash", str(script)], cwd=folder, env=dict(environment), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._groups.append(process.pid)
        if self._stopping.is_set():
            self.kill()
        try:
            process.wait(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.kill()
            process.wait()
        self.check()
        return process.returncode
