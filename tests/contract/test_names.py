"""One name all the way: module = state = logical id = input model, in both directions."""

import ast
import re
from pathlib import Path

import pytest

from tests.contract.machines import ROOT, machines
from tests.contract.template import of_type

MODULES = sorted((ROOT / "functions").glob("*/*.py"))


def camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def functions() -> dict[str, dict[str, str]]:
    return {name: resource["Properties"] for name, resource in of_type("AWS::Serverless::Function").items()}


def states_with_functions() -> list[tuple[str, str, str]]:
    """Return machine, state and the function it calls, for every call of a function."""
    found = []
    for machine in machines():
        for name, state in machine.states():
            called = re.fullmatch(r"\$\{(\w+)FunctionArn\}", str(state.get("Arguments", {}).get("FunctionName", "")))
            if called:
                found.append((machine.name, name, called[1]))
    return found


def test_every_module_is_a_function_and_every_function_a_module() -> None:
    modules = {(f"{camel(path.stem)}Function", f"functions/{path.parent.name}/", path.stem) for path in MODULES}
    declared = {
        (name, properties["CodeUri"], properties["Handler"].removesuffix(".handler"))
        for name, properties in functions().items()
    }
    assert declared == modules


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_module_has_a_handler_and_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert any(isinstance(node, ast.FunctionDef) and node.name == "handler" for node in tree.body)
    assert (ast.get_docstring(tree) or "").startswith(f"{camel(path.stem)}: ")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_step_takes_the_model_of_its_own_name(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "step":
            assert ast.unparse(node.args[0]) == camel(path.stem)


def test_a_state_calls_the_function_of_its_own_name() -> None:
    for machine, state, function in states_with_functions():
        assert state == function, f"{machine}.{state} calls {function}"


def test_every_function_is_called_by_a_state_an_event_a_route_or_a_schedule() -> None:
    by_states = {f"{function}Function" for _, _, function in states_with_functions()}
    by_events = {name for name, properties in functions().items() if properties.get("Events")}
    integrations = of_type("AWS::ApiGatewayV2::Integration").values()
    by_routes = {_owner(integration["Properties"]["IntegrationUri"]) for integration in integrations}
    by_schedules = {
        _owner(schedule["Properties"]["Target"]["Arn"]) for schedule in of_type("AWS::Scheduler::Schedule").values()
    }
    assert set(functions()) == by_states | by_events | by_routes | by_schedules


def test_every_machine_has_the_logical_id_and_the_output_of_its_name() -> None:
    declared = of_type("AWS::StepFunctions::StateMachine")
    assert set(declared) == {f"{camel(machine.name)}StateMachine" for machine in machines()}
    for machine in machines():
        properties = declared[f"{camel(machine.name)}StateMachine"]["Properties"]
        assert properties["DefinitionS3Location"] == f"statemachines/{machine.name}.asl.yaml"
        assert properties["StateMachineName"] == f"pressrun-{machine.name.replace('_', '-')}"


def test_machines_call_versions_of_functions() -> None:
    for machine in of_type("AWS::StepFunctions::StateMachine").values():
        for name, value in machine["Properties"]["DefinitionSubstitutions"].items():
            if name.endswith("FunctionArn"):
                assert value == {"Ref": f"{name.removesuffix('Arn')}.Version"}


def _owner(reference: dict[str, str]) -> str:
    return reference["Ref"].split(".")[0]
