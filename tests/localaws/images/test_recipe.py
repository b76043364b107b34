import json
from pathlib import Path

import pytest

from localaws.images.dockerfile import parse
from localaws.images.errors import ContextError
from localaws.images.recipe import Recipe, resolve


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "secret").touch()
    folder = tmp_path / "context"
    for name in ("app.py", "lib/one.py", "lib/deep/two.py", "lib/__pycache__/one.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".dockerignore").write_text("**/__pycache__\n")
    return folder


def recipe(context: Path, *instructions: str, interpreter: str = "3.11.7") -> Recipe:
    path = context / "Dockerfile"
    path.write_text("\n".join(["FROM python:3.11", *instructions, 'CMD ["serve"]']))
    return resolve(parse(path), context, interpreter)


def targets(context: Path, *instructions: str) -> list[str]:
    return [file.target for files in recipe(context, *instructions).copies for file in files]


def test_a_file_goes_into_a_folder_that_exists_or_ends_in_a_slash(context: Path) -> None:
    assert targets(context, "COPY app.py /opt", "COPY app.py /new/") == ["/opt/app.py", "/new/app.py"]


def test_a_file_takes_the_name_of_a_destination_that_is_no_folder(context: Path) -> None:
    assert targets(context, "COPY app.py /opt/server.py") == ["/opt/server.py"]


def test_a_folder_that_was_copied_is_a_folder_for_the_next_copy(context: Path) -> None:
    assert targets(context, "COPY app.py /new/", "COPY app.py /new") == ["/new/app.py", "/new/app.py"]


def test_of_a_folder_the_content_is_copied_without_what_is_ignored(context: Path) -> None:
    assert targets(context, "WORKDIR /opt", "COPY lib program") == ["/opt/program/deep/two.py", "/opt/program/one.py"]


def test_a_pattern_copies_all_that_match(context: Path) -> None:
    assert targets(context, "COPY lib/*.py /opt/") == ["/opt/one.py"]


@pytest.mark.parametrize("source", ["absent.py", "../secret", "lib/../../secret", "*.txt", "lib/__pycache__"])
def test_a_source_that_is_not_in_the_context_is_named(context: Path, source: str) -> None:
    with pytest.raises(ContextError, match="Dockerfile:2: ") as caught:
        recipe(context, f"COPY {source} /opt/")
    assert source in str(caught.value)


def test_a_link_is_not_followed_out_of_the_context(context: Path) -> None:
    (context / "lib" / "passwords").symlink_to("/etc/passwd")
    with pytest.raises(ContextError, match="passwords is a link or a device"):
        recipe(context, "COPY lib /opt/")


def test_the_same_context_in_another_folder_has_the_same_address(
    context: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "app.py").write_text("app.py")
    assert recipe(context, "COPY app.py /opt/").config() == recipe(other, "COPY app.py /opt/").config()


def test_the_wording_of_a_dockerfile_does_not_change_the_address(context: Path) -> None:
    plain = recipe(context, "COPY app.py /opt/").config()
    assert recipe(context, "# a comment", "COPY app.py \\", "  /opt").config() == plain


def test_content_mode_interpreter_command_and_environment_change_the_address(context: Path) -> None:
    configs = {recipe(context, "COPY app.py /opt/").config()}
    configs.add(recipe(context, "COPY app.py /opt/", interpreter="3.11.8").config())
    configs.add(recipe(context, "COPY app.py /opt/", "ENV A=1").config())
    configs.add(recipe(context, "COPY app.py /opt/", 'ENTRYPOINT ["python"]').config())
    configs.add(recipe(context, "COPY app.py /opt/", "RUN pip install six==1.17.0").config())
    (context / "app.py").chmod(0o755)
    configs.add(recipe(context, "COPY app.py /opt/").config())
    (context / "app.py").write_text("changed")
    configs.add(recipe(context, "COPY app.py /opt/").config())
    assert len(configs) == 7


def test_the_config_says_what_the_dockerfile_says(context: Path) -> None:
    config = json.loads(recipe(context, "WORKDIR /opt", "USER 1000", "EXPOSE 8080", "LABEL a=b").config())
    assert config["base"] == {"image": "python:3.11", "python": "3.11.7"}
    assert config["config"] | {"Env": []} == {
        "Env": [], "Entrypoint": [], "Cmd": ["serve"], "WorkingDir": "/opt", "User": "1000",
        "ExposedPorts": {"8080/tcp": {}}, "Labels": {"a": "b"},
    }  # fmt: skip
