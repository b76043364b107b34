"""Fetches what a build works on: its source from S3 and its buildspec."""

import contextlib
from pathlib import Path
from typing import Any

from localaws.images import source
from localaws.images.buildspec import Buildspec, BuildspecError, parse


def download(client: Any, location: str, version: str | None, folder: Path, archive: Path) -> None:
    """Download `bucket/key.zip` and unpack it into the folder."""
    bucket, _, key = location.removeprefix("arn:aws:s3:::").partition("/")
    wanted = {"Bucket": bucket, "Key": key} | ({"VersionId": version} if version else {})
    with contextlib.closing(client.get_object(**wanted)["Body"]) as body, archive.open("wb") as file:
        for chunk in body.iter_chunks(source.CHUNK):
            file.write(chunk)
    source.unpack(archive, folder)


def read_buildspec(given: str | None, folder: Path) -> Buildspec:
    """Read the buildspec: inline if it has several lines, else a file of the source."""
    name = given or "buildspec.yml"
    if "\n" in name:
        return parse(name)
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise BuildspecError(f"the source has no buildspec {name!r}")
    return parse(path.read_text(encoding="utf-8"))
