"""Roles: each may do what its machine does and no more; a wildcard says which API forces it."""

import re
from typing import Any

import pytest

from tests.contract.machines import ROOT, Machine, machines
from tests.contract.template import TOOLS, WORKLOAD, of_type, resources, translated

every_machine = pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)

Statement = dict[str, Any]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements_of(machine: Machine) -> list[Statement]:
    logical = "".join(word.capitalize() for word in machine.name.split("_")) + "Role"
    policies = resources()[logical]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def granted(machine: Machine) -> set[tuple[str, str]]:
    """Return actions with the resources they are granted on, as the template writes them."""
    return {
        (action, _written(resource))
        for statement in statements_of(machine)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def needed(machine: Machine) -> set[tuple[str, str]]:
    """Return what the machine's tasks call."""
    found: set[tuple[str, str]] = set()
    for _, state in machine.states():
        if state["Type"] == "Task":
            found |= _needs(state["Resource"], state["Arguments"])
    return found


def _needs(resource: str, arguments: dict[str, Any]) -> set[tuple[str, str]]:
    kind = resource.removeprefix("arn:aws:states:::")
    if kind.startswith("lambda:invoke"):
        name = arguments["FunctionName"].removeprefix("${").removesuffix("FunctionArn}")
        return {("lambda:InvokeFunction", f"${{{name}Function.Arn}}:*")}
    if kind == "states:startExecution.sync:2":
        name = arguments["StateMachineArn"].removeprefix("${").removesuffix("StateMachineArn}")
        dashed = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
        here = "${AWS::Region}:${AWS::AccountId}"
        execution = f"arn:${{AWS::Partition}}:states:{here}:execution:pressrun-{dashed}:*"
        rule = f"arn:${{AWS::Partition}}:events:{here}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
        follow = {("states:DescribeExecution", execution), ("states:StopExecution", execution)}
        hear = {(f"events:{action}", rule) for action in ("PutTargets", "PutRule", "DescribeRule")}
        return {("states:StartExecution", f"{name}StateMachine")} | follow | hear
    if kind == "events:putEvents":
        return {("events:PutEvents", "EventBus.Arn")}
    service, operation = kind.removeprefix("aws-sdk:").split(":")
    assert service == "codebuild", f"no rule for {resource}"
    return {(f"codebuild:{operation[0].upper()}{operation[1:]}", "BuildImageProject.Arn")}


def _written(resource: Any) -> str:
    if isinstance(resource, str):
        return resource
    (function, value), *_ = resource.items()
    return ".".join(value) if function == "Fn::GetAtt" else str(value)


@every_machine
def test_a_machines_role_allows_exactly_what_its_tasks_call(machine: Machine) -> None:
    assert granted(machine) == needed(machine)


@pytest.mark.parametrize("path", [TOOLS, WORKLOAD])
def test_a_wildcard_resource_names_the_api_that_forces_it(path: str) -> None:
    lines = (ROOT / path).read_text().splitlines()
    wildcards = [line for line in lines if re.search(r'Resource: "\*"', line)]
    assert wildcards
    for line in wildcards:
        assert re.search(r"# .*\b[a-z0-9-]+:[A-Z]\w+.* takes? no resource", line), line


@pytest.mark.parametrize("path", [TOOLS, WORKLOAD])
def test_no_statement_of_ours_allows_every_action_or_resource_unseen(path: str) -> None:
    """What the text test above sees is all there is: nothing hides in a list or in what SAM makes."""
    text = (ROOT / path).read_text()
    found = 0
    for name, resource in translated(path).items():
        for statement in _statements(resource.get("Properties", {})):
            actions = as_list(statement.get("Action", []))
            if statement["Effect"] == "Allow":
                assert not [action for action in actions if action == "*" or action.endswith(":*")], name
                found += "*" in as_list(statement.get("Resource"))
    assert found == len(re.findall(r'Resource: "\*"', text))


@pytest.mark.parametrize("path", [TOOLS, WORKLOAD])
def test_every_statement_has_an_id_that_is_its_reason(path: str) -> None:
    for name, resource in translated(path).items():
        for statement in _statements(resource.get("Properties", {})):
            if name in resources(path) or "Sid" in statement:  # SAM's own statements have none
                assert re.fullmatch(r"([A-Z][a-z]*)+", statement.get("Sid", "")), f"{name}: {statement}"


def test_deployment_roles_are_assumed_by_functions_of_the_control_plane_alone() -> None:
    trust = resources(WORKLOAD)["DeploymentRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert len(trust) == 1
    assert list(trust[0]["Condition"]) == ["ArnLike"]
    pattern = trust[0]["Condition"]["ArnLike"]["aws:PrincipalArn"]["Fn::Sub"]
    assert pattern.endswith(":role/pressrun-*Function*")


def test_only_the_execution_role_is_passed_and_to_sagemaker_only() -> None:
    statements = list(_statements(resources(WORKLOAD)["DeploymentRole"]["Properties"]))
    passing = [statement for statement in statements if "iam:PassRole" in as_list(statement["Action"])]
    assert [statement["Resource"] for statement in passing] == [{"Fn::GetAtt": ["ExecutionRole", "Arn"]}]
    assert passing[0]["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_what_changes_endpoints_is_bound_to_the_tag() -> None:
    changing = re.compile(r"sagemaker:(Create|Update|Delete)")
    for statement in _statements(resources(WORKLOAD)["DeploymentRole"]["Properties"]):
        if any(changing.match(action) for action in as_list(statement["Action"])):
            assert "pressrun:service" in str(statement["Condition"]), statement["Sid"]


def test_people_get_no_way_round_the_approvals_api() -> None:
    for name in ("OperatorPolicy", "PublisherPolicy"):
        actions = {a for s in _statements(resources()[name]["Properties"]) for a in as_list(s["Action"])}
        assert not [action for action in actions if re.match(r"(states:(Send|Start|Stop)|lambda:|iam:|sts:)", action)]
        assert not [action for action in actions if re.match(r"dynamodb:(Put|Update|Delete|Batch)", action)]


def test_every_managed_policy_is_used() -> None:
    text = (ROOT / TOOLS).read_text()
    for name in of_type("AWS::IAM::ManagedPolicy"):
        assert name == "UseKeyPolicy" or len(re.findall(rf"!Ref {name}\b", text)) > 0, name


def _statements(value: Any) -> list[Statement]:
    """Return every policy statement below a document."""
    if isinstance(value, dict):
        if "Effect" in value:
            return [value]
        return [statement for part in value.values() for statement in _statements(part)]
    if isinstance(value, list):
        return [statement for part in value for statement in _statements(part)]
    return []
