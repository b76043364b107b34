"""Unpacks a build's source: an archive that somebody else made."""

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

MAX_FILES = 20_000
MAX_BYTES = 2 * 1024**3
CHUNK = 1024 * 1024


class SourceError(ValueError):
    """The source cannot be fetched or must not be unpacked."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip: plain files and folders below the folder, of a bounded number and size."""
    try:
        with zipfile.ZipFile(archive) as opened:
            _unpack(opened, folder)
    except zipfile.BadZipFile as error:
        raise SourceError(f"the source is not a zip archive: {error}") from error


def _unpack(opened: zipfile.ZipFile, folder: Path) -> None:
    entries = opened.infolist()
    if len(entries) > MAX_FILES:
        raise SourceError(f"the source has {len(entries)} entries, expected at most {MAX_FILES}")
    left = MAX_BYTES
    for entry in entries:
        target = folder / _checked(entry)
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        left -= _extract(opened, entry, target, left)
        target.chmod(0o755 if entry.external_attr >> 16 & 0o111 else 0o644)


def _checked(entry: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(entry.filename)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or "\0" in entry.filename:
        raise SourceError(f"the source has the entry {entry.filename!r}, expected a path below its top folder")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise SourceError(f"the source has the entry {entry.filename!r}, which is a link or a device")
    return path


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Write one file; trust the bytes that come, not the size that the archive claims."""
    written = 0
    with opened.open(entry) as packed, target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += len(chunk)
            if written > left:
                shutil.rmtree(target.parent, ignore_errors=True)
                raise SourceError(f"the source unpacks to more than {MAX_BYTES} bytes")
            file.write(chunk)
    return written
