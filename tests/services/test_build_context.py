import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from pressrun_cli.build_context import BuildContextError, build_context_files, zip_source

ROOT = Path(__file__).parents[2]


@pytest.fixture
def service(tmp_path: Path) -> Path:
    """A service folder and, beside it, a serving toolkit."""
    for name, content in {
        "encoder/container/Dockerfile": "FROM python:3.11-slim\n",
        "encoder/container/requirements.txt": "numpy==2.4.6\n",
        "encoder/container/data/words.txt": "press\n",
        "encoder/service.yaml": "name: encoder\n",
        "serving/pressrun_serving/__init__.py": "",
        "serving/pressrun_serving/app.py": "ROUTES = ()\n",
        "serving/pressrun_serving/__pycache__/app.cpython-311.pyc": "stale",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "encoder"


def test_a_context_is_the_container_folder_and_the_serving_toolkit(service: Path) -> None:
    assert set(build_context_files(service, service.parent / "serving")) == {
        "Dockerfile",
        "requirements.txt",
        "data/words.txt",
        "pressrun_serving/__init__.py",
        "pressrun_serving/app.py",
    }


def test_the_same_files_make_the_same_zip_on_any_day(service: Path) -> None:
    first = zip_source(build_context_files(service, service.parent / "serving"))
    os.utime(service / "container" / "Dockerfile", (0, 0))
    (service / "container" / "Dockerfile").chmod(0o600)
    second = zip_source(build_context_files(service, service.parent / "serving"))
    assert first == second
    assert first.sha256 == hashlib.sha256(first.content).hexdigest()


def test_the_order_of_the_files_does_not_matter() -> None:
    assert zip_source({"a": b"1", "b": b"2"}) == zip_source({"b": b"2", "a": b"1"})


def test_a_change_in_the_serving_toolkit_makes_another_source(service: Path) -> None:
    before = zip_source(build_context_files(service, service.parent / "serving"))
    (service.parent / "serving" / "pressrun_serving" / "app.py").write_text("ROUTES = (1,)\n")
    assert zip_source(build_context_files(service, service.parent / "serving")).sha256 != before.sha256


def test_the_zip_unpacks_to_the_files_and_tells_no_time() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_source({"pressrun_serving/app.py": b"x"}).content)) as archive:
        assert archive.read("pressrun_serving/app.py") == b"x"
        assert archive.getinfo("pressrun_serving/app.py").date_time == (1980, 1, 1, 0, 0, 0)


def test_a_service_without_a_dockerfile_is_named(service: Path) -> None:
    (service / "container" / "Dockerfile").unlink()
    with pytest.raises(BuildContextError, match=r"service 'encoder': expected .*container/Dockerfile"):
        build_context_files(service, service.parent / "serving")


def test_a_link_is_refused(service: Path) -> None:
    (service / "container" / "passwords").symlink_to("/etc/passwd")
    with pytest.raises(BuildContextError, match="passwords is a link"):
        build_context_files(service, service.parent / "serving")


def test_a_link_to_a_folder_is_refused(service: Path) -> None:
    (service / "container" / "etc").symlink_to("/etc")
    with pytest.raises(BuildContextError, match="etc is a link"):
        build_context_files(service, service.parent / "serving")


def test_a_folder_in_the_toolkit_s_place_is_refused(service: Path) -> None:
    (service / "container" / "pressrun_serving").mkdir()
    with pytest.raises(BuildContextError, match="would be overwritten"):
        build_context_files(service, service.parent / "serving")


def test_a_folder_that_is_no_toolkit_is_refused(service: Path) -> None:
    with pytest.raises(BuildContextError, match="expected the serving toolkit"):
        build_context_files(service, service)


def test_text_embedding_has_a_context() -> None:
    files = build_context_files(ROOT / "services" / "text-embedding", ROOT / "services" / "serving")
    assert {"Dockerfile", "requirements.txt", "pressrun_serving/__main__.py"} <= set(files)
