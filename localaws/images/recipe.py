"""Works out, before anything is built, all that an image will hold; the recipe's hash is the image's address."""

import hashlib
import json
import platform
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.images.errors import ContextError
from localaws.images.ignore import IgnoreRules
from localaws.images.steps import Copy, Dockerfile, Folder, Step

# Folders that a python:3.X image has: a file copied "to" one of them lands inside.
BASE_FOLDERS = {
    "/", "/bin", "/etc", "/home", "/lib", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp",
    "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/lib", "/usr/sbin", "/usr/share",
    "/var", "/var/lib", "/var/log", "/var/tmp",
}  # fmt: skip
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class CopiedFile:
    """One file of the context and where it goes; modes keep only whether it may be executed."""

    source: Path
    target: str
    mode: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Recipe:
    """Everything that makes an image; `copies` has the files of each COPY, in order."""

    dockerfile: Dockerfile
    interpreter: str
    copies: list[list[CopiedFile]]

    def step_documents(self) -> list[dict[str, Any]]:
        """Describe each step: its effect, not its wording."""
        copies = iter(self.copies)
        return [_document(step, copies) for step in self.dockerfile.steps]

    def config(self) -> bytes:
        """Return the image's config: canonical JSON whose sha256 is the content address."""
        found = self.dockerfile
        document = {
            "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "base": {"image": found.image, "python": self.interpreter},
            "config": {
                "Env": [f"{name}={value}" for name, value in found.env.items()],
                "Entrypoint": found.entrypoint,
                "Cmd": found.cmd,
                "WorkingDir": found.workdir,
                "User": found.user,
                "ExposedPorts": {f"{port}/tcp": {} for port in found.ports},
                "Labels": found.labels,
            },
            "steps": self.step_documents(),
        }
        return canonical(document)


def canonical(document: Any) -> bytes:
    """Return JSON that is the same for the same data."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def resolve(dockerfile: Dockerfile, context: Path, interpreter: str) -> Recipe:
    """Find and hash every file that the Dockerfile copies."""
    ignore = IgnoreRules.of(context)
    folders = set(BASE_FOLDERS)
    copies: list[list[CopiedFile]] = []
    for step in dockerfile.steps:
        if isinstance(step, Folder):
            folders |= _with_parents(step.path)
        elif isinstance(step, Copy):
            files = _copied(step, dockerfile.path, context, ignore, folders)
            folders |= {parent for file in files for parent in _with_parents(posixpath.dirname(file.target))}
            copies.append(files)
    return Recipe(dockerfile, interpreter, copies)


def _document(step: Step, copies: Iterator[list[CopiedFile]]) -> dict[str, Any]:
    if isinstance(step, Folder):
        return {"folder": step.path}
    if isinstance(step, Copy):
        files = next(copies)
        return {"copy": [[file.target, oct(file.mode), file.size, file.sha256] for file in files]}
    command = step.command
    return {
        "install": {
            "requirements": list(command.requirements),
            "pins": list(command.pins),
            "require_hashes": command.require_hashes,
            "no_deps": command.no_deps,
        }
    }


def _with_parents(path: str) -> set[str]:
    found = {path}
    while path != "/":
        path = posixpath.dirname(path)
        found.add(path)
    return found


def _copied(step: Copy, dockerfile: Path, context: Path, ignore: IgnoreRules, folders: set[str]) -> list[CopiedFile]:
    matches = [match for source in step.sources for match in _matches(source, context, f"{dockerfile}:{step.line}")]
    into = step.destination.endswith("/") or step.destination in folders or len(matches) > 1
    files: list[CopiedFile] = []
    for match in matches:
        if match.is_dir():
            inside = [(path, posixpath.join(step.destination, path.relative_to(match).as_posix()))
                      for path in sorted(match.rglob("*")) if not path.is_dir() or path.is_symlink()]  # fmt: skip
        else:
            inside = [(match, posixpath.join(step.destination, match.name) if into else step.destination)]
        files += [
            _file(path, target) for path, target in inside
            if not ignore.ignores(path.relative_to(context).as_posix())
        ]  # fmt: skip
    if not files:
        raise ContextError(f"{dockerfile}:{step.line}: COPY {' '.join(step.sources)} finds no file in {context}")
    return files


def _matches(source: str, context: Path, where: str) -> list[Path]:
    relative = posixpath.normpath(source).lstrip("/") or "."
    if relative.split("/")[0] == "..":
        raise ContextError(f"{where}: {source!r} is outside of the build context {context}")
    found = [context] if relative == "." else sorted(context.glob(relative))
    if not found:
        raise ContextError(f"{where}: {source!r} is not in the build context {context}")
    return found


def _file(path: Path, target: str) -> CopiedFile:
    if path.is_symlink() or not path.is_file():
        raise ContextError(f"{path} is a link or a device; only plain files are copied")
    content = path.read_bytes()
    executable = path.stat().st_mode & 0o111
    digest = hashlib.sha256(content).hexdigest()
    return CopiedFile(path, target, 0o755 if executable else 0o644, len(content), digest)
