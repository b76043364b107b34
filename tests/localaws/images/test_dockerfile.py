from pathlib import Path

import pytest

from localaws.images import pip
from localaws.images.dockerfile import parse
from localaws.images.errors import UnsupportedInstructionError
from localaws.images.steps import BASE_PATH, Copy, Dockerfile, Folder, Install

SERVER = """\
# a server
ARG PYTHON=3.10
FROM python:${PYTHON}-slim AS server
ARG REVISION=none
LABEL revision=$REVISION owner="search team"
WORKDIR /opt
WORKDIR program
COPY requirements.txt .
RUN python -m pip install --no-cache-dir --require-hashes \\
    # only what is locked
    -r requirements.txt
COPY app/ \\
     lib.py lib/
ENV A=1 PYTHONPATH="/opt/program:$PYTHONPATH"
ENV PATH=/opt/program/bin:$PATH
EXPOSE 8080/tcp
USER 1000
ENTRYPOINT ["python", "app.py"]
CMD ["serve"]
"""


def read(folder: Path, text: str, **build_args: str) -> Dockerfile:
    path = folder / "Dockerfile"
    path.write_text(text)
    return parse(path, build_args)


def refusal(folder: Path, instruction: str) -> str:
    with pytest.raises(UnsupportedInstructionError) as caught:
        read(folder, f'FROM python:3.11\n\n{instruction}\nCMD ["serve"]\n')
    return str(caught.value)


def test_a_serving_container_is_understood(tmp_path: Path) -> None:
    found = read(tmp_path, SERVER, PYTHON="3.11")
    assert (found.image, found.python) == ("python:3.11-slim", "3.11")
    assert found.steps == [
        Folder("/opt"),
        Folder("/opt/program"),
        Copy(8, ("requirements.txt",), "/opt/program/"),
        Install(9, pip.Install(("/opt/program/requirements.txt",), (), True, False)),
        Copy(12, ("app/", "lib.py"), "/opt/program/lib/"),
    ]
    assert found.labels == {"revision": "none", "owner": "search team"}
    assert found.env["A"] == "1"
    assert found.env["PYTHONPATH"] == "/opt/program:"
    assert found.env["PATH"] == f"/opt/program/bin:{BASE_PATH}"
    assert (found.ports, found.user, found.workdir) == (["8080"], "1000", "/opt/program")
    assert (found.entrypoint, found.cmd) == (["python", "app.py"], ["serve"])


@pytest.mark.parametrize(
    "instruction",
    [
        "HEALTHCHECK CMD true",
        "ADD app.py .",
        "VOLUME /data",
        'SHELL ["/bin/sh"]',
        "STOPSIGNAL SIGINT",
        "ONBUILD RUN pip install six==1.17.0",
        "MAINTAINER somebody",
        "COPY --chown=1000 app.py .",
        "COPY --from=builder /app /app",
        "COPY app.py",
        "COPY a.py b.py folder",
        "COPY <<EOF /app.py",
        "RUN apt-get install -y gcc",
        "RUN pip install six==1.17.0 && rm -rf /root",
        "RUN pip install six",
        "RUN pip install .",
        "RUN pip install -e app",
        "RUN pip install --index-url http://elsewhere six==1.17.0",
        "RUN pip install -r",
        "RUN pip install",
        "RUN --mount=type=cache pip install six==1.17.0",
        "ENTRYPOINT python app.py",
        "CMD python app.py",
        'CMD ["python", 1]',
        "FROM python:3.11",
        "WORKDIR /a /b",
        "ENV NAME value",
        "ENV NAME=${OTHER:+value}",
        "ARG 1=2",
        "EXPOSE 8080/udp",
        "COPY 'app.py .",
    ],
)
def test_what_is_not_understood_is_named_with_file_and_line(tmp_path: Path, instruction: str) -> None:
    message = refusal(tmp_path, instruction)
    assert message.startswith(f"{tmp_path / 'Dockerfile'}:3: {instruction!r} is not supported; expected ")


@pytest.mark.parametrize(
    "image", ["python:3.11-alpine", "python", "python:latest", "ubuntu:24.04", "python:3.11@sha256:0"]
)
def test_only_images_of_a_python_version_are_a_base(tmp_path: Path, image: str) -> None:
    with pytest.raises(UnsupportedInstructionError, match=r":1: .* expected one FROM python:3\.X"):
        read(tmp_path, f"FROM {image}\n")


def test_another_registry_s_copy_of_the_base_is_the_same_base(tmp_path: Path) -> None:
    found = read(tmp_path, 'FROM public.ecr.aws/docker/library/python:3.11.7-slim-bookworm\nCMD ["serve"]\n')
    assert found.python == "3.11.7"


def test_a_setting_of_pip_that_changes_what_is_installed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInstructionError, match="no PIP_INDEX_URL: this machine's registries are used"):
        read(tmp_path, "FROM python:3.11\nENV PIP_INDEX_URL=http://elsewhere\nRUN pip install six==1.17.0\n")


def test_a_file_that_starts_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInstructionError, match="expected ENTRYPOINT or CMD"):
        read(tmp_path, "FROM python:3.11\n")


def test_an_instruction_before_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInstructionError, match=r"expected FROM python:3\.X before"):
        read(tmp_path, "WORKDIR /opt\nFROM python:3.11\n")


def test_a_build_argument_without_its_arg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInstructionError, match="--build-arg REVISION"):
        read(tmp_path, 'FROM python:3.11\nCMD ["serve"]\n', REVISION="1")


def test_another_escape_character_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedInstructionError, match="the backslash as the escape character"):
        read(tmp_path, "# escape=`\nFROM python:3.11\n")
