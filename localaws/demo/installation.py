"""The embedded AWS of a demonstration: started in a folder of its own, stopped whatever happens."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".localaws" / "venv" / "bin" / "python"

_EXPORT = re.compile(r"export (\w+)=(.*)")
_LAST_LINES = 30


class DemoError(Exception):
    """The demonstration cannot go on; the message says why."""


class Installation:
    """A running embedded AWS with Pressrun deployed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = _exports(folder / "env")

    def __getitem__(self, name: str) -> str:
        return self.environment[name]

    def as_account(self, account: str) -> dict[str, str]:
        """Return the environment of a process that acts as an account."""
        keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
        return {**os.environ, **self.environment, **keys}


@contextmanager
def installation(folder: Path, delay_factor: float, metric_lag: float) -> Iterator[Installation]:
    """Start the embedded AWS on free ports and deploy everything; stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port, data_port = _free_ports()
    arguments = ["--dir", str(folder), "--port", str(port), "--data-port", str(data_port)]
    timing = ["--delay-factor", str(delay_factor), "--metric-lag", str(metric_lag)]
    try:
        _run([str(PYTHON), "localaws/up.py", *arguments, *timing], folder / "up.log")
        yield Installation(folder)
    finally:
        _run([str(PYTHON), "localaws/down.py", "--dir", str(folder)], folder / "down.log")


def _run(command: list[str], log: Path) -> None:
    with log.open("w") as output:
        done = subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        told = "\n".join(log.read_text(errors="replace").splitlines()[-_LAST_LINES:])
        print(told, file=sys.stderr)
        raise DemoError(f"{' '.join(command[1:3])} ended with status {done.returncode}; its output is in {log}")


def _exports(path: Path) -> dict[str, str]:
    found = (_EXPORT.match(line.strip()) for line in path.read_text().splitlines())
    return {match[1]: match[2].strip("'\"") for match in found if match}


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]
