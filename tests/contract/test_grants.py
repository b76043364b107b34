"""A function's role may do what the adapters its handler reaches do, and no more."""

from pathlib import Path

import pytest

from tests.contract.machines import ROOT
from tests.contract.reach import Node, reached_by
from tests.contract.template import resources

HANDLERS = sorted((ROOT / "functions").glob("*/*.py"))

# Adapter -> the managed policy that lets it work.
POLICY_OF: dict[Node, str] = {
    ("artifacts", "Artifacts"): "ReadArtifactsPolicy",
    ("evidence", "Evidence"): "RecordEvidencePolicy",
    ("events", "Bus"): "TellTheBusPolicy",
    ("executions", "Executions"): "FollowExecutionsPolicy",
    ("sessions", "workload_session"): "ActInWorkloadAccountsPolicy",
    ("tables", "Endpoints"): "KeepEndpointsPolicy",
    ("tables", "Releases"): "KeepReleasesPolicy",
}
# Adapter -> an action of the role's own statements.
ACTION_OF: dict[Node, str] = {
    ("images", "Images"): "ecr:DescribeImages",
    ("registry", "Registry"): "sagemaker:DescribeModelPackage",
    ("tables", "Decisions"): "dynamodb:GetItem",
}


def policies(handler: Path) -> tuple[set[str], set[str]]:
    """Return the managed policies a handler's role has, and the actions of its own statements."""
    logical = "".join(word.capitalize() for word in handler.stem.split("_")) + "Function"
    managed, actions = set(), set()
    for policy in resources()[logical]["Properties"].get("Policies", []):
        if "Ref" in policy:
            managed.add(policy["Ref"])
        for statement in policy.get("Statement", []):
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    return managed, actions


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.stem)
def test_a_role_has_the_policies_of_the_adapters_its_handler_reaches(handler: Path) -> None:
    reached = reached_by(handler)
    managed, _ = policies(handler)
    assert managed & set(POLICY_OF.values()) == {POLICY_OF[node] for node in reached if node in POLICY_OF}


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.stem)
def test_a_role_has_the_statements_of_the_other_adapters(handler: Path) -> None:
    _, actions = policies(handler)
    assert {ACTION_OF[node] for node in reached_by(handler) if node in ACTION_OF} <= actions


def test_decide_approval_alone_writes_decisions_and_answers_approvals() -> None:
    writers, answerers = set(), set()
    for handler in HANDLERS:
        _, actions = policies(handler)
        if "states:SendTaskSuccess" in actions:
            answerers.add(handler.stem)
        if "dynamodb:PutItem" in actions:
            writers.add(handler.stem)
    assert writers == answerers == {"decide_approval"}
