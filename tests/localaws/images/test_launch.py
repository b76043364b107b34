import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws.images.errors import ProgramNotFoundError
from localaws.images.store import Image, ImageStore
from tests.localaws.images import containers
from tests.localaws.images.test_store import UV


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    folder = tmp_path_factory.mktemp("store")
    return ImageStore(folder / "images", UV).build(containers.write(folder / "context"))


def changed(tmp_path: Path, *instructions: str) -> Image:
    context = containers.write(tmp_path / "context", "\n".join(["FROM python:3.11", *instructions]))
    return ImageStore(tmp_path / "images", UV).build(context)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def serving(image: Image) -> Iterator[str]:
    """The address of a running container, started from a host environment full of things it must not see."""
    port = free_port()
    found = image.launch(model_dir=Path("/models/one"), port=port, environment={"MODE": "/opt/ml/model/code"})
    before = dict(os.environ)
    os.environ.update({"AWS_SECRET_ACCESS_KEY": "secret", "PYTHONPATH": str(Path.cwd())})
    try:
        process = subprocess.Popen(found.argv, env=found.env, cwd=found.cwd, stderr=subprocess.DEVNULL)
    finally:
        os.environ.clear()
        os.environ.update(before)
    address = f"http://127.0.0.1:{port}"
    yield _once_up(address, process)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _once_up(address: str, process: "subprocess.Popen[bytes]") -> str:
    while process.poll() is None:
        try:
            call(address)
        except urllib.error.URLError:
            time.sleep(0.05)
        else:
            return address
    raise RuntimeError("the container ended")


def call(address: str, body: dict[str, str] | None = None) -> Any:
    data = json.dumps(body).encode() if body else None
    with urllib.request.urlopen(urllib.request.Request(address, data=data), timeout=10) as response:
        return json.load(response)


def test_a_container_serves_with_the_packages_its_dockerfile_installs(serving: str) -> None:
    assert call(f"{serving}/ping")["six"] == "1.17.0"


@pytest.mark.parametrize("module", ["yaml", "boto3", "pytest", "localaws", "pip", "setuptools"])
def test_a_container_imports_nothing_its_dockerfile_did_not_install(serving: str, module: str) -> None:
    assert call(f"{serving}/invocations", {"import": module})["import"] == f"No module named '{module}'"


def test_a_container_looks_for_modules_in_its_own_folders_and_the_standard_library(serving: str, image: Image) -> None:
    seen = call(serving)["path"]
    foreign = [path for path in seen if "site-packages" in path and not path.startswith(str(image.folder))]
    assert foreign == []


def test_a_container_sees_its_own_environment_and_nothing_of_the_host(serving: str, image: Image) -> None:
    seen = call(serving)["env"]
    rootfs = image.folder / "rootfs"
    assert seen.pop("SAGEMAKER_BIND_TO_PORT") == serving.rsplit(":", 1)[1]
    assert seen.pop("PATH").startswith(f"{rootfs}/usr/local/bin:{image.folder}/venv/bin:/usr/")
    assert seen.pop("PYTHON_VERSION").startswith("3.11.")
    seen.pop("LC_CTYPE", None)  # set by the interpreter
    assert seen == {
        "HOME": f"{rootfs}/root",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{rootfs}/opt/program",
        "GREETING": "hello",
        "MODE": "/models/one/code",
        "PYTHONNOUSERSITE": "1",
        "PRESSRUN_BIND_ADDRESS": "127.0.0.1",
        "SM_MODEL_DIR": "/models/one",
    }


def test_a_container_starts_in_its_working_directory_with_sagemaker_s_argument(serving: str, image: Image) -> None:
    seen = call(serving)
    assert seen["cwd"] == str(image.folder / "rootfs/opt/program")
    assert seen["argv"] == ["serve"]


def test_the_interpreter_is_the_image_s_and_absolute_paths_are_found_again(image: Image) -> None:
    found = image.launch(model_dir=Path("/m"), port=1, environment={})
    assert found.argv[:2] == [f"{image.folder}/venv/bin/python", f"{image.folder}/rootfs/opt/program/app.py"]


def test_the_environment_of_the_model_goes_before_the_image_s_but_not_before_the_host_s_port(image: Image) -> None:
    given = {
        "GREETING": "other",
        "SAGEMAKER_BIND_TO_PORT": "8080",
        "PRESSRUN_BIND_ADDRESS": "0.0.0.0",
        "PATH": "/opt/program:/usr/local/bin:/usr/bin",
    }
    found = image.launch(model_dir=Path("/m"), port=1, environment=given)
    assert (found.env["GREETING"], found.env["SAGEMAKER_BIND_TO_PORT"]) == ("other", "1")
    assert found.env["PRESSRUN_BIND_ADDRESS"] == "127.0.0.1"
    rootfs = f"{image.folder}/rootfs"
    assert found.env["PATH"] == f"{rootfs}/opt/program:{rootfs}/usr/local/bin:{image.folder}/venv/bin:/usr/bin"


def test_the_host_s_python_never_starts_a_container(image: Image, tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(ProgramNotFoundError, match="starts with 'python'"):
        image.launch(model_dir=Path("/m"), port=1, environment={"PATH": str(tmp_path)})


def test_only_whole_paths_of_the_image_are_relocated(image: Image) -> None:
    given = {"A": "/opt/programs:/opt/program/x", "B": "http://host/opt/program", "C": "--file=/opt/program"}
    found = image.launch(model_dir=Path("/m"), port=1, environment=given).env
    own = f"{image.folder}/rootfs/opt/program"
    assert (found["A"], found["B"], found["C"]) == (f"/opt/programs:{own}/x", given["B"], f"--file={own}")


def test_the_arguments_of_cmd_follow_the_entrypoint(tmp_path: Path) -> None:
    image = changed(tmp_path, 'ENTRYPOINT ["python"]', 'CMD ["-m", "http.server"]')
    found = image.launch(model_dir=tmp_path, port=1, environment={})
    assert found.argv == [f"{image.folder}/venv/bin/python", "-m", "http.server"]


def test_an_executable_that_was_copied_starts_the_container(tmp_path: Path) -> None:
    context = containers.write(tmp_path / "context", 'FROM python:3.11\nCOPY serve /usr/local/bin/\nCMD ["serve"]\n')
    (context / "serve").write_text("#!/usr/bin/env python\nimport sys; print(sys.prefix)\n")
    (context / "serve").chmod(0o755)
    image = ImageStore(tmp_path / "images", UV).build(context)
    found = image.launch(model_dir=tmp_path, port=1, environment={})
    done = subprocess.run(found.argv, env=found.env, cwd=found.cwd, capture_output=True, text=True)
    assert done.stdout.strip() == str(image.folder / "venv")


@pytest.mark.parametrize("program", ["serve", "./serve", "/opt/serve", "/usr/local/bin/serve"])
def test_a_program_that_the_image_does_not_hold_is_named(tmp_path: Path, program: str) -> None:
    image = changed(tmp_path, f'ENTRYPOINT ["{program}"]')
    with pytest.raises(ProgramNotFoundError, match=f"starts with '{program}'"):
        image.launch(model_dir=tmp_path, port=1, environment={})
