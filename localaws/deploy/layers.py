"""Layers, built as `sam build` builds them: the locked requirements and the layer's own files under `python/`."""

import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from localaws.deploy import content


def build(source: Path, cache: Path, uv: Path) -> Path:
    """Return the layer's archive, built for the running interpreter unless the cache has it."""
    target = cache / f"layer-{source.name}-{_key(source)}.zip"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            fill(source, Path(folder) / "python", uv)
            _compile(Path(folder) / "python")
            content.archive(Path(folder), target, compiled=True)
    return target


def fill(source: Path, target: Path, uv: Path) -> None:
    """Install a layer's locked requirements into a folder and copy its files beside them.

    Raises:
        RuntimeError: a requirement could not be installed.
    """
    target.mkdir(parents=True)
    lock = source / "requirements.txt"
    options = ["--quiet", "--require-hashes", "--python", sys.executable, "--target", str(target)]
    command = [str(uv), "pip", "install", *options, *_platform(), "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the requirements of {lock} could not be installed:\n{done.stderr}")
    (target / ".lock").unlink(missing_ok=True)  # uv's own
    for path in content.files(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def _platform() -> list[str]:
    """Ask for the wheels that Lambda's Linux takes, where this machine takes them as well."""
    return ["--python-platform", f"{platform.machine()}-manylinux2014"] if sys.platform == "linux" else []


def _compile(folder: Path) -> None:
    """Leave byte code that is taken without looking at the sources' times, which an archive does not keep."""
    options = ["-qq", "--invalidation-mode", "unchecked-hash", "-j", "2"]
    command = [sys.executable, "-W", "ignore", "-m", "compileall", *options, str(folder)]
    subprocess.run(command, check=False)  # a package may carry templates that are no Python


def _key(source: Path) -> str:
    """Return what decides whether a built layer is still right."""
    return content.digest_of(content.digest(source, [source]), sys.version_info[:3], _platform() or sys.platform)[:16]
