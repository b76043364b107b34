import os
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from tests.services.packaging_module import load


@pytest.fixture(scope="module")
def archive() -> ModuleType:
    return load("archive")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(bytes(range(256)) * 400)
    return path


def test_the_same_files_give_the_same_bytes(archive: ModuleType, weights: Path, tmp_path: Path) -> None:
    archive.write_archive({"model.onnx": weights, "code/inference.py": b"x = 1"}, tmp_path / "one.tar.gz")
    os.utime(weights, (0, 0))
    weights.chmod(0o755)
    archive.write_archive({"code/inference.py": b"x = 1", "model.onnx": weights}, tmp_path / "two.tar.gz")
    assert (tmp_path / "one.tar.gz").read_bytes() == (tmp_path / "two.tar.gz").read_bytes()


def test_an_archive_holds_nothing_of_the_machine_that_wrote_it(
    archive: ModuleType, weights: Path, tmp_path: Path
) -> None:
    archive.write_archive({"model.onnx": weights}, tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as contents:
        (entry,) = contents.getmembers()
    assert (tmp_path / "model.tar.gz").read_bytes()[3:8] == bytes(5)  # gzip: no name, no time
    assert entry.isreg()
    assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname, entry.mode) == (0, 0, 0, "", "", 0o644)


def test_an_archive_unpacks_to_its_files(archive: ModuleType, weights: Path, tmp_path: Path) -> None:
    archive.write_archive({"model.onnx": weights, "code/inference.py": b"x = 1"}, tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as contents:
        contents.extractall(tmp_path / "model", filter="data")
    assert (tmp_path / "model" / "model.onnx").read_bytes() == weights.read_bytes()
    assert (tmp_path / "model" / "code" / "inference.py").read_bytes() == b"x = 1"


@pytest.mark.parametrize("name", ["/etc/passwd", "../model.onnx", "code/../../x", "code//x", "."])
def test_a_name_that_leaves_the_archive_is_refused(archive: ModuleType, tmp_path: Path, name: str) -> None:
    with pytest.raises(archive.ArchiveBuildError, match="no place inside an archive"):
        archive.write_archive({name: b""}, tmp_path / "model.tar.gz")


def test_a_link_is_refused(archive: ModuleType, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(weights)
    with pytest.raises(archive.ArchiveBuildError, match="not a regular file"):
        archive.write_archive({"model.onnx": tmp_path / "link"}, tmp_path / "model.tar.gz")


def test_a_failed_archive_leaves_no_file_of_its_name(archive: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(archive.ArchiveBuildError):
        archive.write_archive({"code/inference.py": b"", "model.onnx": tmp_path / "nothing"}, tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()
