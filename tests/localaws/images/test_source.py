import stat
import zipfile
from pathlib import Path

import pytest

from localaws.images import source
from localaws.images.source import SourceError, unpack


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    return made


def packed(folder: Path, *entries: tuple[zipfile.ZipInfo, str]) -> Path:
    archive = folder / "source.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for made, content in entries:
            file.writestr(made, content)
    return archive


def test_files_come_with_their_folders_and_whether_they_may_be_executed(tmp_path: Path) -> None:
    executable = entry("deep/run", stat.S_IFREG | 0o700)
    unpack(packed(tmp_path, (entry("app.py"), "a"), (entry("deep/"), ""), (executable, "b")), tmp_path / "out")
    assert (tmp_path / "out/app.py").read_text() == "a"
    assert (tmp_path / "out/app.py").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "out/deep/run").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    "made",
    [
        entry("../outside"),
        entry("deep/../../outside"),
        entry("/outside"),
        entry("link", stat.S_IFLNK | 0o777),
        entry("pipe", stat.S_IFIFO | 0o644),
    ],
    ids=lambda made: made.filename,
)
def test_an_entry_that_leads_elsewhere_is_refused(tmp_path: Path, made: zipfile.ZipInfo) -> None:
    with pytest.raises(SourceError, match="the source has the entry"):
        unpack(packed(tmp_path, (made, "/etc/passwd")), tmp_path / "out")
    assert not (tmp_path / "outside").exists()


def test_a_source_of_too_many_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 1000)
    archive = packed(tmp_path, (entry("a"), "x" * 600), (entry("b"), "x" * 600))
    with pytest.raises(SourceError, match="unpacks to more than 1000 bytes"):
        unpack(archive, tmp_path / "out")


def test_a_source_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_FILES", 1)
    with pytest.raises(SourceError, match="has 2 entries, expected at most 1"):
        unpack(packed(tmp_path, (entry("a"), ""), (entry("b"), "")), tmp_path / "out")


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.zip").write_text("no archive")
    with pytest.raises(SourceError, match="not a zip archive"):
        unpack(tmp_path / "source.zip", tmp_path / "out")
