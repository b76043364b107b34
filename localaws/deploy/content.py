"""What the parts of the product are made of: files, digests, archives that are equal when their files are."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache"}
_STAMP = (1980, 1, 1, 0, 0, 0)


def files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in one order on every machine, without what tools leave behind."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not _LEFT_OUT.intersection(path.relative_to(folder).parts):
            yield path


def digest(root: Path, folders: Iterable[Path]) -> str:
    """Return the sha256 over names and contents of all files below the folders.

    It is what `sha256sum` prints for the sorted list of the files' own `sha256sum` lines, as `make deploy` computes it.
    """
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root).as_posix()}\n"
        for folder in folders
        for path in files(folder)
    ]
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def digest_of(*parts: object) -> str:
    """Return the sha256 of some values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def archive(folder: Path, target: Path, *, compiled: bool = False) -> None:
    """Write a folder as a zip whose bytes depend on names and contents alone.

    Args:
        folder: what becomes the root of the archive.
        target: the file to write.
        compiled: take byte code along, which else would be compiled at every cold start.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file()) if compiled else list(files(folder))
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as body:
        for path in paths:
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            body.writestr(entry, path.read_bytes())
    unfinished.replace(target)
