"""What a service's image is built from: one deterministic zip, whose sha256 names the image (``src-<sha256>``)."""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

SERVING_PACKAGE = "pressrun_serving"
UNWANTED = {"__pycache__", ".DS_Store", ".mypy_cache", ".ruff_cache"}
OLDEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE = 0o100644 << 16
UNIX = 3


class BuildContextError(Exception):
    """A service's folder gives no build context."""


class SourceZip(NamedTuple):
    """A zipped build context and its name by content."""

    content: bytes
    sha256: str


def build_context_files(service_dir: Path, serving_dir: Path) -> dict[str, bytes]:
    """Return the files of an image's build context by relative POSIX path.

    They are those of the service's ``container/`` and, under ``pressrun_serving/``, the serving toolkit.
    """
    container = service_dir / "container"
    if not (container / "Dockerfile").is_file():
        raise BuildContextError(f"service {service_dir.name!r}: expected {container / 'Dockerfile'}")
    package = serving_dir / SERVING_PACKAGE
    if not (package / "__init__.py").is_file():
        raise BuildContextError(f"{package} is not a Python package, expected the serving toolkit")
    if (container / SERVING_PACKAGE).exists():
        raise BuildContextError(f"{container / SERVING_PACKAGE} would be overwritten by the serving toolkit")
    files = dict(_files_under(container, prefix=""))
    files.update(_files_under(package, prefix=f"{SERVING_PACKAGE}/"))
    return files


def _files_under(folder: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if UNWANTED.intersection(relative.parts) or path.suffix == ".pyc":
            continue
        if path.is_symlink():
            raise BuildContextError(f"{path} is a link, expected only regular files in a build context")
        if path.is_file():
            yield prefix + relative.as_posix(), path.read_bytes()


def zip_source(files: Mapping[str, bytes]) -> SourceZip:
    """Zip a build context so that equal files give equal bytes: sorted, without times, modes or compression."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, OLDEST_ZIP_TIME)
            entry.create_system = UNIX
            entry.external_attr = REGULAR_FILE
            archive.writestr(entry, files[name])
    content = buffer.getvalue()
    return SourceZip(content, hashlib.sha256(content).hexdigest())
