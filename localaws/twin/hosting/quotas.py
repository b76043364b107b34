"""The account's quota of instances by type; an update needs it for both fleets at once."""

from collections import Counter

from localaws.twin.errors import ServiceError
from localaws.twin.hosting.live import Traffic
from localaws.twin.state import Record, State

INSTANCES_BY_TYPE = 20


class Quotas:
    """Counts instances in service and those asked for."""

    def __init__(self, state: State, traffic: Traffic) -> None:
        self._state = state
        self._traffic = traffic

    def check(self, account: str, asked: Counter[str]) -> None:
        """Refuse more instances of a type than the account may have; hold the state's lock."""
        used = self._used(account)
        for instance_type, count in asked.items():
            if count > 0 and used[instance_type] + count > INSTANCES_BY_TYPE:
                raise ServiceError(
                    "ResourceLimitExceeded",
                    f"The account-level service limit '{instance_type} for endpoint usage' is {INSTANCES_BY_TYPE} "
                    f"Instances, with current utilization of {used[instance_type]} Instances and a request delta of "
                    f"{count} Instances. Please use AWS Service Quotas to request an increase for this quota.",
                )

    def instance_type(self, account: str, endpoint: str, variant: str) -> str:
        """Return the instance type of a variant in service."""
        live = self._traffic.live(account, endpoint)
        return live.fleets[variant].plan.instance_type if live else ""

    def _used(self, account: str) -> Counter[str]:
        """Count the instances of fleets in service, and of those being prepared."""
        used: Counter[str] = Counter()
        for fleet in self._traffic.fleets():
            if fleet.plan.account == account:
                used[fleet.plan.instance_type] += fleet.wanted
        for endpoint in self._state.table(account, "endpoints").values():
            used += instances(endpoint.get("PendingDeploymentSummary", {}))
        return used


def instances(pending: Record) -> Counter[str]:
    """Count what a deployment asks for, by instance type."""
    counted: Counter[str] = Counter()
    for variant in pending.get("ProductionVariants", []):
        counted[variant["InstanceType"]] += variant["DesiredInstanceCount"]
    return counted
