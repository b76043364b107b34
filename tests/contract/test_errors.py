"""Error names: a machine waits for what can come, and everything that can come has a name."""

import ast
import inspect

import botocore.session
import pytest

from pressrun import errors
from tests.contract.machines import ROOT, Machine, machines

CLASSES = {
    name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, errors.PressrunError)
}
LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}
SERVICES = {"CodeBuild": "codebuild"}


def is_known(error: str) -> bool:
    if error.startswith("States.") or error in LAMBDA or error in CLASSES:
        return True
    service, _, name = error.partition(".")
    if service not in SERVICES:
        return False
    model = botocore.session.get_session().get_service_model(SERVICES[service])
    modelled = {shape.name for shape in model.error_shapes}
    return name == f"{service}Exception" or name in {f"{n.removesuffix('Exception')}Exception" for n in modelled}


def caught(machine: Machine) -> set[str]:
    return {
        error
        for _, state in machine.states()
        for rule in (*state.get("Retry", []), *state.get("Catch", []))
        for error in rule["ErrorEquals"]
    }


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_every_error_a_machine_waits_for_exists(machine: Machine) -> None:
    assert not {error for error in caught(machine) if not is_known(error)}


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_every_error_a_machine_fails_with_is_one_of_ours(machine: Machine) -> None:
    for name, state in machine.states():
        if state["Type"] == "Fail" and not state["Error"].startswith("{%"):
            assert state["Error"] in CLASSES, name


def test_every_error_is_raised_or_sent_somewhere() -> None:
    """An error class counts where it is called, or where its name is given to a machine or an execution."""
    parts = [ROOT / "layers/common/pressrun", ROOT / "functions", ROOT / "cli"]
    used = set()
    for path in (path for part in parts for path in part.glob("**/*.py") if path.name != "errors.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                used.add(node.func.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                used.add(node.value)
    texts = "".join(machine.text for machine in machines())
    abstract = {"PressrunError", "InvalidInputError"}
    assert not {name for name in CLASSES - abstract if name not in used and name not in texts}


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = {word for line in (errors.__doc__ or "").splitlines() for word in line.split() if word.endswith("Error")}
    assert drawn == CLASSES
