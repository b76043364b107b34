"""How long `make setup` takes on a fresh clone, and what it downloads."""

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests.performance.counting_proxy import counting
from tests.performance.figure import Figure, NotMeasuredError

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
GOAL_SECONDS = 180
# What points an installer at other packages or another cache than a fresh machine has.
LEFT_OUT = {"VIRTUAL_ENV", "PYTHONPATH", "UV_CACHE_DIR", "PIP_FIND_LINKS", "UV_FIND_LINKS", "MAKEFLAGS", "MAKELEVEL"}


class SetUp(NamedTuple):
    """One set-up: its wall time, what it downloaded, and what lies on the disk after it."""

    seconds: float
    downloaded_mib: float
    connections: int
    installed_mib: float


def measure(*, cold: bool) -> list[Figure]:
    """Set up a clone with uv's cache as it is, and, if asked for, one with an empty cache."""
    warm = _figures("warm package cache", _set_up(cold=False), GOAL_SECONDS)
    return [*warm, *(_figures("empty package caches", _set_up(cold=True), None) if cold else [])]


def _set_up(*, cold: bool) -> SetUp:
    with tempfile.TemporaryDirectory() as folder, counting() as proxy:
        clone = Path(folder) / "pressrun"
        environment = {key: value for key, value in os.environ.items() if key not in LEFT_OUT}
        environment |= {"HTTPS_PROXY": proxy.url, "https_proxy": proxy.url}
        if cold:
            environment |= {"UV_CACHE_DIR": f"{folder}/uv-cache", "PIP_CACHE_DIR": f"{folder}/pip-cache"}
        began = time.monotonic()
        _run(["git", "clone", "--quiet", f"file://{ROOT}", str(clone)], Path(folder), environment)
        _run(["make", "setup"], clone, environment)
        seconds = time.monotonic() - began
        return SetUp(seconds, proxy.bytes_received / MIB, proxy.connections, _size(clone) / MIB)


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasuredError(f"{' '.join(command)} failed in a fresh clone: {done.stderr.strip()[-1000:]}")


def _size(folder: Path) -> int:
    """Return the size of all files; one that several folders link to counts once."""
    found = (path.lstat() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum({status.st_ino: status.st_size for status in found}.values())


def _figures(what: str, found: SetUp, goal: float | None) -> list[Figure]:
    note = f"git clone and `make setup`; {found.installed_mib:.0f} MiB on the disk after it"
    through = (
        f"counted by a proxy on loopback, {found.connections} connections; a clone from this disk downloads nothing"
    )
    return [
        Figure(f"set-up of a fresh clone, {what}", round(found.seconds, 1), "s", goal, note, found._asdict()),
        Figure(f"its downloads, {what}", round(found.downloaded_mib, 1), "MiB", None, through),
    ]
