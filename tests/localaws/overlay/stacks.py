"""Deploying stacks as `sam deploy` does: by change set."""

from typing import Any

from tests.localaws.overlay.resources import until
from tests.localaws.process import LocalAws

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


def deploy(aws: LocalAws, name: str, template: str, **parameters: str) -> dict[str, Any]:
    """Create a stack and return its description, whatever became of it."""
    formation = aws.client("cloudformation")
    formation.create_change_set(
        StackName=name, ChangeSetName="create", ChangeSetType="CREATE", Capabilities=CAPABILITIES,
        TemplateBody=template,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )  # fmt: skip
    until(lambda: formation.describe_change_set(StackName=name, ChangeSetName="create")["Status"] == "CREATE_COMPLETE")
    formation.execute_change_set(StackName=name, ChangeSetName="create")

    def finished() -> Any:
        [stack] = formation.describe_stacks(StackName=name)["Stacks"]
        return stack if not stack["StackStatus"].endswith("IN_PROGRESS") else None

    return dict(until(finished))


def failures(aws: LocalAws, name: str) -> dict[str, str]:
    """Return why resources of a stack failed, by logical id."""
    events = aws.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return {e["LogicalResourceId"]: e.get("ResourceStatusReason", "") for e in events
            if e["ResourceStatus"] == "CREATE_FAILED"}  # fmt: skip


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    """Return a stack's outputs by name."""
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
