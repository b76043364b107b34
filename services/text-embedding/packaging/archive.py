"""Deterministic model archives: the same files give the same bytes, on any machine, on any day."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath


class ArchiveBuildError(Exception):
    """A file may not go into an archive."""


def write_archive(files: Mapping[str, Path | bytes], target: Path) -> None:
    """Write a model.tar.gz of regular files: sorted, without times, owners or modes of this machine.

    The gzip layer stores without compressing: trained weights hardly shrink, and stored bytes do not depend on
    the zlib that happens to be installed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    with (
        unfinished.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=0, fileobj=raw, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name in sorted(files):
            content = _content(name, files[name])
            archive.addfile(_entry(name, len(content)), io.BytesIO(content))
    unfinished.replace(target)


def _content(name: str, source: Path | bytes) -> bytes:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or str(path) != name or name == ".":
        raise ArchiveBuildError(f"{name!r} is no place inside an archive, expected a plain relative path")
    if isinstance(source, bytes):
        return source
    if source.is_symlink() or not source.is_file():
        raise ArchiveBuildError(f"{name!r}: {source} is not a regular file")
    return source.read_bytes()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o644
    return entry
