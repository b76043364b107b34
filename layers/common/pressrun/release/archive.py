"""Model archives: looked through before anything is unpacked anywhere."""

import tarfile
from pathlib import Path, PurePosixPath

from pressrun.errors import ArchiveError

MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 20 << 30


def check_archive(path: Path, source: str) -> int:
    """Make sure that a model archive may be unpacked; return its unpacked size in bytes.

    Args:
        path: the archive, a gzipped tar.
        source: where it came from, for the error.

    Raises:
        ArchiveError: it is not a gzipped tar, is empty or too large, or holds a link, a device, an absolute path
            or a path with ``..``.
    """
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            return _check_members(archive, source)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"archive {source} is not a gzipped tar: {error}") from error


def _check_members(archive: tarfile.TarFile, source: str) -> int:
    size = 0
    count = 0
    for member in archive:
        count += 1
        size += member.size
        if count > MAX_MEMBERS or size > MAX_UNPACKED_BYTES:
            raise ArchiveError(
                f"archive {source} holds more than {MAX_MEMBERS} members or {MAX_UNPACKED_BYTES} bytes unpacked"
            )
        _check_member(member, source)
    if not count:
        raise ArchiveError(f"archive {source} is empty, expected a model")
    return size


def _check_member(member: tarfile.TarInfo, source: str) -> None:
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise ArchiveError(f"archive {source} holds {member.name!r}, expected paths inside the archive")
    if not (member.isfile() or member.isdir()):
        raise ArchiveError(f"archive {source} holds {member.name!r}, a link or device, expected files and folders only")
