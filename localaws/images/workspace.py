"""The folder of one build: its source, its state, and the programs that stand in for docker and aws."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from localaws.settings import REGION

PROGRAM = Path(__file__).with_name("commands.py")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Engine:
    """What the stand-in for docker needs: the image store, the installer and what it may see of the host."""

    images_dir: str
    uv: str
    host_environment: Mapping[str, str]
    endpoint_url: str
    privileged: bool


@dataclass(frozen=True)
class Workspace:
    """Folders of one build."""

    folder: Path

    @property
    def source(self) -> Path:
        """Where the source is unpacked and the commands start."""
        return self.folder / "src"

    @property
    def bin(self) -> Path:
        """Programs that stand in for docker and aws."""
        return self.folder / "bin"

    @property
    def state(self) -> Path:
        """What a phase's shell hands to the next."""
        return self.folder / "shell.state"

    @property
    def engine_file(self) -> Path:
        """The engine's settings; readable by the owner alone, since registries may have passwords."""
        return self.folder / "engine.json"

    def create(self, engine: Engine) -> None:
        """Make the folders and programs."""
        for path in (self.source, self.bin, self.folder / "home"):
            path.mkdir(parents=True)
        with os.fdopen(os.open(self.engine_file, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(asdict(engine), file)
        for name in ("docker", "aws"):
            command = shlex.join([sys.executable, "-I", str(PROGRAM), name, str(self.folder)])
            script = self.bin / name
            script.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            script.chmod(0o755)

    def environment(self, build: Mapping[str, Any]) -> dict[str, str]:
        """Return what every command sees besides the variables of project, request and buildspec."""
        return {
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_BUILD_ARN": build["arn"],
            "CODEBUILD_BUILD_NUMBER": str(build["buildNumber"]),
            "CODEBUILD_BUILD_IMAGE": build["environment"].get("image", ""),
            "CODEBUILD_INITIATOR": build["initiator"],
            "CODEBUILD_LOG_PATH": build["logs"].get("streamName", ""),
            "CODEBUILD_SOURCE_REPO_URL": build["source"].get("location", ""),
            "CODEBUILD_START_TIME": str(int(build["startTime"] * 1000)),
            "PATH": f"{self.bin}:{SYSTEM_PATH}",
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "CODEBUILD_SRC_DIR": str(self.source),
        }


def engine_of(folder: Path) -> Engine:
    """Read the engine's settings of a build's folder."""
    return Engine(**json.loads(Workspace(folder).engine_file.read_text()))
