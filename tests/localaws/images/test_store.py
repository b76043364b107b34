import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localaws.images.errors import (
    ContextError,
    ImageNotFoundError,
    InstallError,
    InterpreterNotFoundError,
    UnsupportedInstructionError,
)
from localaws.images.store import ImageStore
from tests.localaws.images import containers

ROOT = Path(__file__).resolve().parents[3]
UV = ROOT / ".uv" / "bin" / "uv"


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images", UV)


@pytest.fixture
def context(tmp_path: Path) -> Path:
    return containers.write(tmp_path / "context")


def test_an_image_holds_the_copied_files_under_their_paths_in_the_image(store: ImageStore, context: Path) -> None:
    rootfs = store.build(context).folder / "rootfs"
    assert (rootfs / "opt/program/app.py").read_text() == containers.APP
    assert not (rootfs / "opt/program/Dockerfile").exists()


def test_an_image_holds_exactly_the_packages_its_dockerfile_installs(store: ImageStore, context: Path) -> None:
    folder = store.build(context).folder
    packages = sorted(path.name for path in (folder / "venv").glob("lib/python3.11/site-packages/*.dist-info"))
    assert packages == ["six-1.17.0.dist-info"]


def test_pins_of_a_run_are_installed(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text('FROM python:3.11\nRUN pip install --no-deps "six==1.17.0"\nCMD ["python"]\n')
    folder = store.build(context).folder
    assert (folder / "venv/lib/python3.11/site-packages/six.py").is_file()


def test_the_digest_is_the_hash_of_the_manifest_and_the_config_s_is_the_address(
    store: ImageStore, context: Path
) -> None:
    image = store.build(context)
    manifest = json.loads(image.manifest)
    assert image.digest == "sha256:" + hashlib.sha256(image.manifest).hexdigest()
    assert manifest["mediaType"] == "application/vnd.docker.distribution.manifest.v2+json"
    assert manifest["config"]["digest"] == f"sha256:{image.folder.name}"
    described = [manifest["config"], *manifest["layers"]]
    assert [(entry["digest"], entry["size"]) for entry in described] == [
        ("sha256:" + hashlib.sha256(blob).hexdigest(), len(blob)) for blob in image.blobs()
    ]


def test_the_same_context_has_the_same_digest_in_another_store(
    store: ImageStore, context: Path, tmp_path: Path
) -> None:
    elsewhere = containers.write(tmp_path / "elsewhere" / "context")
    assert ImageStore(tmp_path / "others", UV).build(elsewhere).digest == store.build(context).digest


def test_an_image_is_found_by_its_digest(store: ImageStore, context: Path, tmp_path: Path) -> None:
    image = store.build(context)
    assert ImageStore(tmp_path / "images", UV).get(image.digest) == image


@pytest.mark.parametrize("digest", ["sha256:" + "0" * 64, "latest", "../locks"])
def test_an_unknown_digest_is_an_error(store: ImageStore, context: Path, digest: str) -> None:
    store.build(context)
    with pytest.raises(ImageNotFoundError, match="no image has the digest"):
        store.get(digest)


def test_a_manifest_that_was_tampered_with_is_not_served(store: ImageStore, context: Path, tmp_path: Path) -> None:
    image = store.build(context)
    path = next((tmp_path / "images" / "manifests").iterdir())
    path.write_bytes(image.manifest + b" ")
    with pytest.raises(ImageNotFoundError):
        store.get(image.digest)


def test_an_image_that_is_there_is_not_built_again(store: ImageStore, context: Path) -> None:
    first = store.build(context)
    (first.folder / "mark").touch()
    assert (store.build(context).folder / "mark").exists()


def test_two_builders_at_once_make_one_image(store: ImageStore, context: Path, tmp_path: Path) -> None:
    builders = [store, ImageStore(tmp_path / "images", UV)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda builder: builder.build(context), builders)
    assert first == second
    assert list((tmp_path / "images" / "building").iterdir()) == []


def test_what_a_killed_builder_left_does_not_enter_the_image(store: ImageStore, context: Path, tmp_path: Path) -> None:
    address = store.build(containers.write(tmp_path / "copy")).folder.name
    left = tmp_path / "fresh" / "building" / address / "rootfs" / "left"
    left.mkdir(parents=True)
    image = ImageStore(tmp_path / "fresh", UV).build(context)
    assert not (image.folder / "rootfs" / "left").exists()


def test_a_failed_build_leaves_no_image(store: ImageStore, context: Path, tmp_path: Path) -> None:
    (context / "requirements.txt").write_text("six==1.17.0 --hash=sha256:" + "0" * 64)
    with pytest.raises(InstallError, match="six"):
        store.build(context)
    assert sorted(path.name for path in (tmp_path / "images").iterdir()) == ["building", "locks"]


def test_requirements_without_hashes_are_refused_where_hashes_are_required(store: ImageStore, context: Path) -> None:
    (context / "requirements.txt").write_text("six==1.17.0\n")
    with pytest.raises(InstallError, match="require-hashes"):
        store.build(context)


def test_requirements_must_be_copied_before_they_are_installed(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text('FROM python:3.11\nRUN pip install -r requirements.txt\nCMD ["python"]\n')
    with pytest.raises(ContextError, match=r"Dockerfile:2: no /requirements.txt in the image; COPY it before"):
        store.build(context)


def test_a_missing_interpreter_is_named_with_those_that_were_found(store: ImageStore, context: Path) -> None:
    (context / "Dockerfile").write_text('FROM python:3.11.99\nCMD ["python"]\n')
    running = ".".join(map(str, sys.version_info[:3]))
    with pytest.raises(InterpreterNotFoundError, match=rf"Python 3\.11\.99 is not on this machine; found .*{running}"):
        store.build(context)


def test_an_instruction_that_is_not_understood_builds_nothing(store: ImageStore, context: Path, tmp_path: Path) -> None:
    (context / "Dockerfile").write_text(containers.DOCKERFILE + "HEALTHCHECK NONE\n")
    with pytest.raises(UnsupportedInstructionError, match="Dockerfile:9: 'HEALTHCHECK NONE'"):
        store.build(context)
    assert not (tmp_path / "images").exists()


def test_a_context_without_a_dockerfile_is_an_error(store: ImageStore, tmp_path: Path) -> None:
    with pytest.raises(ContextError, match="no Dockerfile in the build context"):
        store.build(tmp_path)


def test_the_installer_sees_only_what_it_needs_of_the_host(context: Path, tmp_path: Path) -> None:
    spy = tmp_path / "uv"
    spy.write_text(f'#!/bin/sh\nenv > {tmp_path}/seen\nexec {UV} "$@"\n')
    spy.chmod(0o755)
    host = {**os.environ, "AWS_SECRET_ACCESS_KEY": "secret", "PYTHONPATH": "/host", "UV_OFFLINE": "0"}
    ImageStore(tmp_path / "images", spy, host).build(context)
    seen = (tmp_path / "seen").read_text()
    assert "UV_OFFLINE=0" in seen
    assert "AWS_" not in seen
    assert "PYTHONPATH" not in seen


def test_the_scripts_of_packages_run_from_the_image_s_folder(store: ImageStore, context: Path) -> None:
    pin = f"pygments=={importlib.metadata.version('pygments')}"
    (context / "Dockerfile").write_text(f'FROM python:3.11\nRUN pip install {pin}\nENTRYPOINT ["pygmentize"]\n')
    image = store.build(context)
    found = image.launch(model_dir=context, port=1, environment={})
    assert found.argv[0] == f"{image.folder}/venv/bin/pygmentize"
    subprocess.run([found.argv[0], "-V"], env=found.env, cwd=found.cwd, check=True, capture_output=True)
