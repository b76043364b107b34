"""Which code may import which: the domain is pure, handlers stand alone, adapters are the only users of boto3."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.machines import ROOT

LAYER = ROOT / "layers" / "common"
DOMAINS = {"service", "release", "deployment", "rollout", "loadtest", "recovery"}
AWS = {"boto3", "botocore", "aws_lambda_powertools"}
# Shared ground that every domain package may stand on.
GROUND = {"canonical", "clock", "errors", "settings", "validation"}

# The load generator's own process: it meets the endpoint itself, and signs what it sends.
PROCESSES = {LAYER / "pressrun" / "loadtest" / "locust_child.py"}

DOMAIN_MODULES = sorted({path for name in DOMAINS for path in (LAYER / "pressrun" / name).glob("**/*.py")} - PROCESSES)
HANDLERS = sorted((ROOT / "functions").glob("*/*.py"))
GROUND_MODULES = sorted(LAYER / "pressrun" / f"{name}.py" for name in GROUND)


def imports(path: Path) -> Iterator[str]:
    """Yield the full names of the modules a file imports, also those imported inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def in_layer(path: Path) -> str:
    return path.relative_to(LAYER).as_posix()


@pytest.mark.parametrize("path", [*DOMAIN_MODULES, *GROUND_MODULES], ids=in_layer)
def test_the_domain_knows_nothing_of_aws(path: Path) -> None:
    for name in imports(path):
        assert name.split(".")[0] not in AWS, name
        assert not name.startswith("pressrun.aws"), name
        assert name not in {"pressrun.step", "pressrun.observability"}, name


@pytest.mark.parametrize("path", DOMAIN_MODULES, ids=in_layer)
def test_a_domain_package_uses_no_private_name_of_another(path: Path) -> None:
    own = path.relative_to(LAYER / "pressrun").parts[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pressrun."):
            other = (node.module or "").split(".")[1]
            if other in DOMAINS - {own}:
                assert not [alias.name for alias in node.names if alias.name.startswith("_")], node.module


@pytest.mark.parametrize("path", GROUND_MODULES, ids=in_layer)
def test_the_ground_stands_on_nothing_but_itself(path: Path) -> None:
    for name in imports(path):
        if name.startswith("pressrun"):
            assert name.split(".")[1] in GROUND, name


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.stem)
def test_a_handler_imports_neither_a_sibling_nor_boto3(path: Path) -> None:
    siblings = {handler.stem for handler in HANDLERS} | {"functions"}
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in siblings, name
        assert top not in {"boto3", "botocore"}, name
        assert not name.startswith("."), name


@pytest.mark.parametrize("path", sorted(LAYER.glob("pressrun/**/*.py")), ids=in_layer)
def test_boto3_is_imported_by_adapters_alone(path: Path) -> None:
    if "aws" not in path.relative_to(LAYER / "pressrun").parts[:-1]:
        assert not {name.split(".")[0] for name in imports(path)} & {"boto3", "botocore"}


def test_the_judge_is_standard_library_only() -> None:
    """Its whole package may be run where nothing is installed."""
    import sys

    seen, ahead = set(), ["pressrun.rollout.judge"]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.split(".")[0] == "pressrun":
            path = LAYER.joinpath(*name.split(".")).with_suffix(".py")
            if path.exists():
                ahead += imports(path)
        else:
            assert name.split(".")[0] in sys.stdlib_module_names, name
