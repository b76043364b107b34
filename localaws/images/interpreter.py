"""Finds the Python that an image is built on."""

import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from localaws.images.errors import InterpreterNotFoundError

# What the installer may see of the host: programs, its cache, its registries and how to reach them.
PASSED = {
    "PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "NETRC",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
}  # fmt: skip


@dataclass(frozen=True)
class Interpreter:
    """An interpreter on this machine."""

    path: Path
    version: str


def installer_environment(host: Mapping[str, str]) -> dict[str, str]:
    """Return what the installer gets of the host's environment."""
    return {name: value for name, value in host.items() if name in PASSED or name.startswith("UV_")}


def find(wanted: str, uv: Path, environment: Mapping[str, str]) -> Interpreter:
    """Return the interpreter of a version 3.X or 3.X.Y: the running one if it fits, else one that uv finds."""
    running = platform.python_version()
    if _fits(running, wanted):
        minor = ".".join(running.split(".")[:2])
        return Interpreter(Path(sys.base_prefix) / "bin" / f"python{minor}", running)
    installed = _installed(uv, environment)
    for version, path in installed:
        if _fits(version, wanted):
            return Interpreter(Path(path), version)
    raise InterpreterNotFoundError(wanted, sorted({running} | {version for version, _ in installed}))


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(wanted + ".")


def _installed(uv: Path, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the CPython interpreters that uv finds, newest first."""
    command = [str(uv), "python", "list", "--only-installed", "--no-python-downloads", "--output-format", "json"]
    listed = subprocess.run(command, env=dict(environment), cwd="/", capture_output=True, text=True, check=False)
    entries = json.loads(listed.stdout) if listed.returncode == 0 else []
    return [(entry["version"], entry["path"]) for entry in entries if entry["implementation"] == "cpython"]
