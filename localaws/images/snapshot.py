"""Carries a recipe out: a folder with the image's files and a virtual environment with its packages."""

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from localaws.images.errors import ContextError, InstallError
from localaws.images.interpreter import Interpreter
from localaws.images.pip import Install as Command
from localaws.images.recipe import CopiedFile, Recipe
from localaws.images.steps import Copy, Folder, Install


class Installer:
    """uv, with what it may see of the host."""

    def __init__(self, uv: Path, environment: Mapping[str, str]) -> None:
        self._uv = uv
        self._environment = dict(environment)

    def run(self, *arguments: str) -> None:
        """Run uv outside of any project."""
        command = [str(self._uv), "--quiet", *arguments]
        done = subprocess.run(command, env=self._environment, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise InstallError(f"uv {' '.join(arguments)}\n{done.stderr.strip()}")


def make(recipe: Recipe, interpreter: Interpreter, folder: Path, installer: Installer) -> None:
    """Make `rootfs` and `venv` below a folder; it may be renamed afterwards."""
    rootfs, venv = folder / "rootfs", folder / "venv"
    (rootfs / "root").mkdir(parents=True)
    installer.run("venv", "--relocatable", "--no-project", "--python", str(interpreter.path), str(venv))
    copies = iter(recipe.copies)
    for step in recipe.dockerfile.steps:
        match step:
            case Folder():
                (rootfs / step.path.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case Copy():
                for file in next(copies):
                    _copy(file, rootfs)
            case Install():
                _install(step.command, rootfs, venv, installer, f"{recipe.dockerfile.path}:{step.line}")


def _copy(file: CopiedFile, rootfs: Path) -> None:
    """Copy one file, if it is still what was hashed."""
    content = file.source.read_bytes()
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ContextError(f"{file.source} changed while the image was built")
    target = rootfs / file.target.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(file.mode)


def _install(command: Command, rootfs: Path, venv: Path, installer: Installer, where: str) -> None:
    """Install what one RUN asks for; byte code is compiled now, as pip does, not at each first start."""
    arguments = ["pip", "install", "--python", str(venv / "bin" / "python"), "--compile-bytecode"]
    arguments += ["--require-hashes"] if command.require_hashes else []
    arguments += ["--no-deps"] if command.no_deps else []
    for name in command.requirements:
        path = rootfs / name.lstrip("/")
        if not path.is_file():
            raise ContextError(f"{where}: no {name} in the image; COPY it before this RUN")
        arguments += ["--requirement", str(path)]
    installer.run(*arguments, *command.pins)
