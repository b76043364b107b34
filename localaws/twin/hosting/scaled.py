"""What Application Auto Scaling's targets mean for endpoints."""

from localaws.settings import REGION
from localaws.twin.call import Call
from localaws.twin.errors import invalid
from localaws.twin.state import Record, State

TABLES = ("scalable_targets", "scaling_policies")


def scaled_variants(state: State, account: str, endpoint: str) -> set[str]:
    """Return the endpoint's variants that are registered as scalable targets."""
    prefix = f"endpoint/{endpoint}/variant/"
    targets = state.table(account, "scalable_targets").values()
    return {each["ResourceId"].removeprefix(prefix) for each in targets if each["ResourceId"].startswith(prefix)}


def refuse_change(state: State, account: str, endpoint: Record, config: Record) -> None:
    """Refuse an update that removes a scaled variant or changes its instance type."""
    present = state.table(account, "configs")[endpoint["EndpointConfigName"]]["ProductionVariants"]
    types = {variant["VariantName"]: variant["InstanceType"] for variant in present}
    wanted = {variant["VariantName"]: variant["InstanceType"] for variant in config["ProductionVariants"]}
    for name in sorted(scaled_variants(state, account, endpoint["EndpointName"])):
        if wanted.get(name) != types.get(name):
            raise invalid(
                f'The variant(s) "{name}" of endpoint "{endpoint["EndpointArn"]}" must be deregistered as scalable '
                "targets with AWS Auto Scaling before they can be removed or have their instance type updated."
            )


def forget(state: State, call: Call, endpoint: str) -> None:
    """Deregister a deleted endpoint's targets, if the caller may."""
    for name in scaled_variants(state, call.account, endpoint):
        resource = f"arn:aws:application-autoscaling:{REGION}:{call.account}:scalable-target/*"
        call.authorize(resource, action="application-autoscaling:DeregisterScalableTarget")
        for table in TABLES:
            records = state.table(call.account, table)
            found = [k for k, each in records.items() if each["ResourceId"] == f"endpoint/{endpoint}/variant/{name}"]
            for key in found:
                del records[key]
