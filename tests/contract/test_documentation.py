"""Commands that documentation tells people to type: they exist, with these options; specs of services validate."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
import yaml
from botocore import xform_name

from pressrun.service.spec import ServiceSpec
from pressrun_cli.main import app
from tests.contract.machines import ROOT

PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))) if page.exists()]
COMMAND = re.compile(r"(?:\.venv/bin/)?(make|pressrun|aws)\s+\S.*")


def commands(page: Path) -> Iterator[str]:
    """Yield what stands in code: indented lines, fenced lines, and spans between back-ticks."""
    fenced = False
    for line in page.read_text().splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced or line.startswith("    "):
            candidates = [line.strip().removeprefix("$ ")]
            yield from (c for c in candidates if COMMAND.fullmatch(c))
        else:
            yield from (span for span in re.findall(r"`([^`]+)`", line) if COMMAND.fullmatch(span))


def words(command: str) -> list[str]:
    """Split a command as a shell does, without its comment and what follows a pipe."""
    found = shlex.split(command, comments=True)
    for stop in ("|", "&&", ";", ">"):
        if stop in found:
            found = found[: found.index(stop)]
    return found


every_command = pytest.mark.parametrize(
    "command", sorted({command for page in PAGES for command in commands(page)}), ids=lambda command: command
)


@every_command
def test_a_command_of_the_documentation_exists(command: str) -> None:
    program, *arguments = words(command)
    match program.rsplit("/", 1)[-1]:
        case "make":
            targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
            assert {a for a in arguments if "=" not in a} <= targets
        case "pressrun":
            _check_pressrun(typer.main.get_command(app), arguments)
        case "aws":
            _check_aws(*arguments)


def _check_pressrun(command: Any, arguments: list[str]) -> None:
    """Walk down the groups by the words; every option must be one of the command it stands at."""
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("-"):
            option = next((o for o in command.params if word.split("=")[0] in (*o.opts, *o.secondary_opts)), None)
            assert option is not None, f"{command.name} has no option {word}"
            skip = "=" not in word and not getattr(option, "is_flag", False)
        elif hasattr(command, "commands"):
            assert word in command.commands, f"{command.name} has no command {word}"
            command = command.commands[word]


def _check_aws(service: str, operation: str, *options: str) -> None:
    model = botocore.session.get_session().get_service_model({"s3api": "s3"}.get(service, service))
    by_name = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in by_name, f"aws {service} {operation}"
    shape = model.operation_model(by_name[operation]).input_shape
    known = {f"--{xform_name(member, '-')}" for member in (shape.members if shape else ())} | {
        "--query",
        "--output",
        "--region",
    }
    assert {option for option in options if option.startswith("--")} <= known


@pytest.mark.parametrize("path", sorted((ROOT / "services").glob("*/service.yaml")), ids=lambda path: path.parent.name)
def test_every_service_has_a_valid_spec_of_its_own_name(path: Path) -> None:
    spec = ServiceSpec.model_validate(yaml.safe_load(path.read_text()))
    assert spec.name == path.parent.name
    assert (path.parent / spec.golden_set.cases).is_file()
    assert (path.parent / spec.load_samples).is_file()
