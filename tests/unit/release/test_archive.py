import io
import tarfile
from pathlib import Path

import pytest

from pressrun.errors import ArchiveError
from pressrun.release.archive import check_archive


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type = kind
    found.linkname = link
    found.size = 3 if kind == tarfile.REGTYPE else 0
    return found


def test_files_and_folders_may_be_unpacked(tmp_path: Path) -> None:
    good = archive(tmp_path / "a", member("code", tarfile.DIRTYPE), member("code/inference.py"), member("model.onnx"))
    assert check_archive(good, "s3://b/k") == 6


@pytest.mark.parametrize("name", ["../evil", "code/../../evil", "/etc/passwd"])
def test_paths_that_leave_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="expected paths inside the archive"):
        check_archive(archive(tmp_path / "a", member(name)), "s3://b/k")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    with pytest.raises(ArchiveError, match="a link or device"):
        check_archive(archive(tmp_path / "a", member("model", kind, "elsewhere")), "s3://b/k")


def test_what_is_not_a_gzipped_tar_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK\x03\x04 not a tar")
    with pytest.raises(ArchiveError, match="archive s3://b/k is not a gzipped tar"):
        check_archive(tmp_path / "a", "s3://b/k")


def test_an_archive_cut_short_is_not_a_gzipped_tar(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a", *(member(f"m{n}") for n in range(50)))
    whole.write_bytes(whole.read_bytes()[:-40])
    with pytest.raises(ArchiveError, match="is not a gzipped tar"):
        check_archive(whole, "s3://b/k")


def test_an_empty_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is empty"):
        check_archive(archive(tmp_path / "a"), "s3://b/k")
