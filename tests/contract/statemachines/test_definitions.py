"""What no linter sees in a state machine: see docs/decisions and the Step Functions quotas."""

import re
from typing import Any

import pytest
from jsonata import jsonata

from tests.contract.machines import Machine, machines, strings, targets
from tests.contract.template import resources

EXPECTED = {"promote_release", "deploy_stage", "shift_traffic", "run_load_test", "roll_back"}
DEADLINE = re.compile(r"lambda:invoke|startExecution|putEvents|aws-sdk:")
LAMBDA_ERRORS = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
}

every_machine = pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)


def tasks(machine: Machine) -> list[tuple[str, dict[str, Any]]]:
    return [(name, state) for name, state in machine.states() if state["Type"] == "Task"]


def test_the_machines_of_a_release_are_all_there() -> None:
    assert {machine.name for machine in machines()} == EXPECTED


@every_machine
def test_every_placeholder_has_its_substitution_and_every_substitution_its_placeholder(machine: Machine) -> None:
    logical = "".join(word.capitalize() for word in machine.name.split("_")) + "StateMachine"
    given = set(resources()[logical]["Properties"].get("DefinitionSubstitutions", {}))
    used = {name for text in strings(machine.definition) for name in re.findall(r"\$\{(\w+)\}", text)}
    assert used == given


@every_machine
def test_every_target_exists_and_every_state_is_reached(machine: Machine) -> None:
    for scope in machine.scopes():
        states = scope["States"]
        reached, ahead = set(), [scope["StartAt"]]
        while ahead:
            name = ahead.pop()
            assert name in states, f"{name} is no state of {machine.name}"
            if name not in reached:
                reached.add(name)
                ahead += targets(states[name])
        assert set(states) == reached


@every_machine
def test_every_state_goes_on_or_ends(machine: Machine) -> None:
    for name, state in machine.states():
        if state["Type"] not in {"Choice", "Succeed", "Fail"}:
            assert ("Next" in state) != bool(state.get("End")), name


@every_machine
def test_the_machine_and_every_task_have_a_deadline(machine: Machine) -> None:
    assert isinstance(machine.definition["TimeoutSeconds"], int)
    for name, state in tasks(machine):
        assert DEADLINE.search(state["Resource"]), f"{name} calls {state['Resource']}"
        assert "TimeoutSeconds" in state, name


@every_machine
def test_every_failure_says_its_error_and_cause(machine: Machine) -> None:
    for name, state in machine.states():
        if state["Type"] == "Fail":
            assert state.get("Error"), name
            assert state.get("Cause"), name


@every_machine
def test_the_language_is_jsonata_and_every_expression_compiles(machine: Machine) -> None:
    assert machine.definition["QueryLanguage"] == "JSONata"
    for text in strings(machine.definition):
        if text.startswith("{%"):
            assert text.endswith("%}"), text
            jsonata.Jsonata(text[2:-2])


@every_machine
def test_an_expression_stands_alone_in_its_string(machine: Machine) -> None:
    for text in strings(machine.definition):
        assert "{%" not in text[1:], text


@every_machine
def test_nothing_of_jsonpath_is_left(machine: Machine) -> None:
    for name, state in machine.states():
        keys = {"Parameters", "InputPath", "OutputPath", "ResultPath", "ResultSelector", "ItemsPath"} & set(state)
        assert not keys, f"{name} has {keys}"
        assert not [key for key in state if key.endswith("Path")], name


@every_machine
def test_every_function_call_is_retried_when_lambda_itself_fails(machine: Machine) -> None:
    for name, state in tasks(machine):
        if ":lambda:invoke" in state["Resource"]:
            retried = {error for rule in state.get("Retry", []) for error in rule["ErrorEquals"]}
            assert retried >= LAMBDA_ERRORS or "States.ALL" in retried, name


@every_machine
def test_names_say_what_kind_of_state_it_is(machine: Machine) -> None:
    for name, state in machine.states():
        assert re.fullmatch(r"([A-Z][a-z0-9]*)+", name), name
        is_question = re.match(r"(Is|Has|Was|Are|Does|Do|Needs|Which|What|May|Can|Must|Who|Why|Should)[A-Z]", name)
        assert bool(is_question) == (state["Type"] == "Choice"), f"{name} is a {state['Type']}"


@every_machine
def test_a_definition_fits_its_quota(machine: Machine) -> None:
    assert len(machine.text.encode()) < 1_048_576


@every_machine
def test_state_names_fit_what_cloudwatch_takes(machine: Machine) -> None:
    assert all(len(name) <= 80 for name, _ in machine.states())
