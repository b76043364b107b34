"""Events: every rule fires on its sample, every event of our own has a sample and a documented reader."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pressrun.release.opening import ModelPackageStateChange
from pressrun.release.records import EVENT_OF
from tests.contract.machines import ROOT, machines
from tests.contract.template import TOOLS, WORKLOAD, translated

SAMPLES = sorted((ROOT / "events").glob("*/*.json"))
OWN = "pressrun"


def matches(pattern: Any, found: Any) -> bool:
    """Decide as EventBridge does, for the operators our rules use."""
    if isinstance(pattern, dict):
        return isinstance(found, dict) and all(matches(part, found.get(key)) for key, part in pattern.items())
    return any(_matches_one(wanted, found) for wanted in pattern)


def _matches_one(wanted: Any, found: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(wanted == found)
    (operator, operand), *others = wanted.items()
    assert not others
    if operator == "prefix":
        return isinstance(found, str) and found.startswith(operand)
    raise AssertionError(f"the test's matcher does not know {operator!r}")


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every rule's pattern, with the names of the tools account in it."""
    for path in (TOOLS, WORKLOAD):
        for name, resource in translated(path).items():
            if resource["Type"] == "AWS::Events::Rule":
                text = json.dumps(resource["Properties"]["EventPattern"])
                text = re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text)
                values = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "111111111111"}
                for variable, value in values.items():
                    text = text.replace(f"${{{variable}}}", value)
                yield name, json.loads(text)


def snake(detail_type: str) -> str:
    """Return an event's file name: words of AWS are words, our own names are camel case."""
    if " " in detail_type:
        return detail_type.lower().replace(" ", "_")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", detail_type).lower()


def sample(source: str, detail_type: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events" / source / f"{snake(detail_type)}.json").read_text())
    return found


def own_events() -> set[str]:
    """Return the detail-types that functions and machines put on the bus."""
    found = set(EVENT_OF.values())
    for part in ("layers/common/pressrun", "functions"):
        for path in (ROOT / part).glob("**/*.py"):
            text = path.read_text()
            if "pressrun.aws.events" in text:
                found |= set(_put_in(ast.parse(text)))
    for machine in machines():
        for _, state in machine.states():
            if state.get("Resource", "").endswith("events:putEvents"):
                found |= {entry["DetailType"] for entry in state["Arguments"]["Entries"]}
    return found


def _put_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "put":
            owner = ast.unparse(node.func.value)
            if ("bus" in owner.lower()) and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)


@pytest.mark.parametrize(("name", "pattern"), list(rules()), ids=lambda part: part if isinstance(part, str) else "")
def test_every_rule_fires_on_its_sample(name: str, pattern: dict[str, Any]) -> None:
    assert matches(pattern, sample(pattern["source"][0], pattern["detail-type"][0])), name


@pytest.mark.parametrize(("name", "pattern"), list(rules()), ids=lambda part: part if isinstance(part, str) else "")
def test_no_rule_fires_on_another_event(name: str, pattern: dict[str, Any]) -> None:
    heard = {(pattern["source"][0], pattern["detail-type"][0])}
    for path in SAMPLES:
        event = json.loads(path.read_text())
        if (event["source"], event["detail-type"]) not in heard:
            assert not matches(pattern, event), path.name


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_has_the_envelope_of_every_event(path: Path) -> None:
    event = json.loads(path.read_text())
    keys = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert set(event) == keys
    assert path == ROOT / "events" / event["source"] / f"{snake(event['detail-type'])}.json"


def test_every_event_of_our_own_has_a_sample() -> None:
    assert own_events() == {json.loads(p.read_text())["detail-type"] for p in SAMPLES if p.parent.name == OWN}


def test_every_event_of_our_own_has_a_documented_reader() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    rows = dict(re.findall(r"^\| ([A-Z][A-Za-z]+) \|.*\| ([^|]+) \|$", text, re.MULTILINE))
    assert set(rows) == own_events()
    assert all(reader.strip() for reader in rows.values())


@pytest.mark.parametrize("detail_type", sorted(own_events()))
def test_the_documentation_names_the_keys_of_the_sample(detail_type: str) -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    row = next(line for line in text.splitlines() if line.startswith(f"| {detail_type} |"))
    documented = set(re.findall(r"`(\w+)`", row.split("|")[3]))
    assert set(sample(OWN, detail_type)["detail"]) == {"release_id", "service"} | documented


def test_the_registry_sample_fits_its_model() -> None:
    event = sample("aws.sagemaker", "SageMaker Model Package State Change")
    change = ModelPackageStateChange.model_validate(event)
    assert change.detail.model_package_arn == event["detail"]["ModelPackageArn"]
