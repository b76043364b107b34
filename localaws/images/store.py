"""Keeps container images as folders, by the hash of everything they hold.

<root>/<content address>/rootfs         the copied files, under their paths in the image
<root>/<content address>/venv           exactly what the Dockerfile installs
<root>/<content address>/config.json    its sha256 is the content address
<root>/manifests/<digest>.json          the manifest of the image with this digest
<root>/locks, <root>/building           builds in progress
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.images import dockerfile, interpreter, launch, snapshot
from localaws.images.errors import ContextError, ImageNotFoundError
from localaws.images.launch import LaunchPlan
from localaws.images.manifest import manifest_of, sha256
from localaws.images.recipe import Recipe, canonical, resolve

__all__ = ["Image", "ImageStore", "LaunchPlan"]


@dataclass(frozen=True)
class Image:
    """A built image: `manifest` is what a registry keeps of it, `digest` the manifest's sha256."""

    digest: str
    manifest: bytes
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        """Return what the Dockerfile says of the image: command, environment, steps."""
        found: dict[str, Any] = json.loads((self.folder / "config.json").read_bytes())
        return found

    def blobs(self) -> list[bytes]:
        """Return what the manifest refers to: the config and the layers."""
        return [(self.folder / "config.json").read_bytes(), *(canonical(step) for step in self.config["steps"])]

    def launch(self, *, model_dir: Path, port: int, environment: Mapping[str, str]) -> LaunchPlan:
        """Plan a process of this image that serves a model on a port of loopback."""
        return launch.plan(self.folder, self.config, model_dir.absolute(), port, environment)


class ImageStore:
    """Builds images and finds them again; any number of processes may share one root."""

    def __init__(self, root: Path, uv: Path, host_environment: Mapping[str, str] | None = None) -> None:
        self._root = root.absolute()
        self._uv = uv
        self._environment = interpreter.installer_environment(
            os.environ if host_environment is None else host_environment
        )

    def build(self, context: Path, build_args: Mapping[str, str] | None = None) -> Image:
        """Build the Dockerfile of a context; an image that is there already is returned as it is."""
        path = context / "Dockerfile"
        if not path.is_file():
            raise ContextError(f"no Dockerfile in the build context {context}")
        parsed = dockerfile.parse(path, build_args)
        python = interpreter.find(parsed.python, self._uv, self._environment)
        recipe = resolve(parsed, context.absolute(), python.version)
        address = sha256(recipe.config()).removeprefix("sha256:")
        with self._locked(address):
            if not (self._root / address).is_dir():
                self._make(recipe, python, address)
            return self._record(recipe, address)

    def get(self, digest: str) -> Image:
        """Return the image with this digest."""
        path = self._manifest_path(digest)
        if not path.is_file():
            raise ImageNotFoundError(digest, self._root)
        manifest = path.read_bytes()
        folder = self._root / json.loads(manifest)["config"]["digest"].removeprefix("sha256:")
        if sha256(manifest) != digest or not folder.is_dir():
            raise ImageNotFoundError(digest, self._root)
        return Image(digest, manifest, folder)

    def _make(self, recipe: Recipe, python: interpreter.Interpreter, address: str) -> None:
        """Build aside and rename, so that a folder under its address is always whole."""
        aside = self._root / "building" / address
        shutil.rmtree(aside, ignore_errors=True)  # of a builder that was killed
        aside.mkdir(parents=True)
        try:
            snapshot.make(recipe, python, aside, snapshot.Installer(self._uv, self._environment))
            (aside / "config.json").write_bytes(recipe.config())
            aside.rename(self._root / address)
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _record(self, recipe: Recipe, address: str) -> Image:
        """Make the image findable by its digest."""
        manifest = manifest_of(recipe)
        digest = sha256(manifest)
        path = self._manifest_path(digest)
        if not path.is_file():
            path.parent.mkdir(exist_ok=True)
            aside = path.with_suffix(f".{os.getpid()}")
            aside.write_bytes(manifest)
            aside.replace(path)
        return Image(digest, manifest, self._root / address)

    def _manifest_path(self, digest: str) -> Path:
        return self._root / "manifests" / f"{digest.removeprefix('sha256:').replace('/', '_')}.json"

    @contextlib.contextmanager
    def _locked(self, address: str) -> Iterator[None]:
        """Let one builder at a time work on an address; a killed builder lets go."""
        path = self._root / "locks" / address
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
