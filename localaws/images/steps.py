"""What a Dockerfile says, as data."""

from dataclasses import dataclass, field
from pathlib import Path

from localaws.images import pip

# Where a python:3.X image has its programs; its interpreter is in the first folder.
BASE_PATH = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Copy:
    """Copies files of the context; `destination` is absolute and ends in a slash where a folder is meant."""

    line: int
    sources: tuple[str, ...]
    destination: str


@dataclass(frozen=True)
class Folder:
    """Makes a folder: what WORKDIR does."""

    path: str


@dataclass(frozen=True)
class Install:
    """Installs packages; requirement files are absolute paths inside the image."""

    line: int
    command: pip.Install


Step = Copy | Folder | Install


@dataclass
class Dockerfile:
    """A parsed Dockerfile."""

    path: Path
    image: str = ""
    python: str = ""
    workdir: str = "/"
    user: str = ""
    env: dict[str, str] = field(default_factory=lambda: {"PATH": BASE_PATH, "LANG": "C.UTF-8"})
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
