"""Starts processes that cannot outlive this one."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

GUARD = Path(__file__).with_name("guard.py")
Process = subprocess.Popen[bytes]


class Launcher:
    """Starts every process from one lasting thread: the kernel ends them when the *thread* that started them ends."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="twin-launcher")

    def start(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Process:
        """Start a process in a group of its own; what it prints is appended to the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        return self._thread.submit(_start, argv, env, cwd, log).result()


def _start(argv: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path) -> Process:
    """Start a process through the guard."""
    guarded = [sys.executable, "-I", "-S", str(GUARD), str(os.getpid()), *argv]
    with log.open("ab") as output:
        return subprocess.Popen(
            guarded,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
