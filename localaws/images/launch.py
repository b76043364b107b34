"""Turns an image's config into a process of this machine.

What a process of a container sees of its image is kept: files under the paths it was built with, packages, working
directory, environment. Paths of the image that appear in the command or in the environment are replaced by where they
are here; a path written into the code itself is not. The model's folder and the port come by environment, and so does
loopback as the address, which Pressrun's serving toolkit listens on; another server that listens everywhere does so.

Not emulated: users, a network of its own, limits of memory and processor, a file system of its own. The process runs
as whoever runs the embedded AWS, sees the host's files, and shares the image's folder with its other processes.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.images.errors import ProgramNotFoundError
from localaws.images.recipe import BASE_FOLDERS
from localaws.images.steps import BASE_PATH

MODEL_DIR = "/opt/ml/model"
PROGRAMS = BASE_PATH.split(":")[0]
PYTHON = re.compile(r"python[\d.]*")  # the host's own is never a container's
BEFORE, AFTER = r"(?<![^\s:=,;\"'])", r"(?=$|[/\s:=,;\"'])"


@dataclass(frozen=True)
class LaunchPlan:
    """How to start a container's process: `environment` is all it gets."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path


def plan(
    folder: Path, config: dict[str, Any], model_dir: Path, port: int, environment: Mapping[str, str]
) -> LaunchPlan:
    """Plan what SageMaker does with an image: start it with the argument `serve`, unless its CMD says otherwise."""
    container = config["config"]
    places = _Places(folder, config, model_dir)
    env = {"HOME": str(folder / "rootfs" / "root"), "PYTHON_VERSION": config["base"]["python"]}
    given = dict(entry.split("=", 1) for entry in container["Env"]) | dict(environment)
    env |= {name: places.relocate(value) for name, value in given.items()}
    env |= {
        "PATH": places.search_path(given["PATH"]),
        "PYTHONNOUSERSITE": "1",
        "PRESSRUN_BIND_ADDRESS": "127.0.0.1",  # every address of a container is its own, here it would be the machine's
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SM_MODEL_DIR": str(model_dir),
    }
    cwd = folder / "rootfs" / container["WorkingDir"].lstrip("/")
    command: list[str] = container["Entrypoint"] + (container["Cmd"] or ["serve"])
    argv = [_program(command[0], places, env["PATH"], cwd), *map(places.relocate, command[1:])]
    return LaunchPlan(argv, env, cwd)


class _Places:
    """Where the image's own paths are on this machine."""

    def __init__(self, folder: Path, config: dict[str, Any], model_dir: Path) -> None:
        self._folder = folder
        rootfs, programs = folder / "rootfs", folder / "venv" / "bin"
        self._places = {path: str(rootfs / path.lstrip("/")) for path in _own_paths(config)}
        self._places |= {f"{PROGRAMS}/{name}": str(programs / name) for name in ("python", "python3")}
        self._places[MODEL_DIR] = str(model_dir)
        self._programs = f"{rootfs / PROGRAMS.lstrip('/')}:{programs}"
        longest_first = sorted(self._places, key=len, reverse=True)
        self._pattern = re.compile(BEFORE + "(" + "|".join(map(re.escape, longest_first)) + ")" + AFTER)

    def inside(self, program: str) -> bool:
        """Tell whether a program is the image's own."""
        return program.startswith(f"{self._folder}/")

    def relocate(self, text: str) -> str:
        """Replace the image's own paths in a text."""
        return self._pattern.sub(lambda match: self._places[match[1]], text)

    def search_path(self, text: str) -> str:
        """Relocate a PATH; the image's own programs are its copied ones and its environment's."""
        return ":".join(self._programs if part == PROGRAMS else self.relocate(part) for part in text.split(":"))


def _own_paths(config: dict[str, Any]) -> set[str]:
    """Return every path the image made itself."""
    found: set[str] = set()
    for step in config["steps"]:
        if "folder" in step:
            found.add(step["folder"])
        for target, *_ in step.get("copy", []):
            found |= {target, str(Path(target).parent)}
    return found - BASE_FOLDERS


def _program(program: str, places: _Places, search_path: str, cwd: Path) -> str:
    """Find the program that starts the container, as a container engine does."""
    if program.startswith(f"{PROGRAMS}/"):
        found = shutil.which(program.removeprefix(f"{PROGRAMS}/"), path=places.search_path(PROGRAMS))
    elif "/" in program:
        found = shutil.which(str(cwd / places.relocate(program)))
    else:
        found = shutil.which(program, path=search_path)
    if found is None or (PYTHON.fullmatch(Path(found).name) and not places.inside(found)):
        expected = "a program that its Dockerfile installs, or an executable file that it copies"
        raise ProgramNotFoundError(f"the image starts with {program!r}, expected {expected}")
    return found
