"""From an endpoint config to what its fleets are started from."""

from collections.abc import Mapping
from typing import NamedTuple

from localaws.twin.errors import LaunchError, ServiceError
from localaws.twin.fleet.fleet import VariantPlan
from localaws.twin.fleet.images import Registry, ResolvedImage
from localaws.twin.fleet.instance_types import memory_mib
from localaws.twin.hosting.configs import STRATEGIES
from localaws.twin.hosting.models import existing
from localaws.twin.state import Record, State


class Planned(NamedTuple):
    """One variant of a config, ready to be started."""

    variant: Record
    plan: VariantPlan
    image: ResolvedImage


class Planner:
    """Resolves models and images of a config's variants."""

    def __init__(self, state: State, registry: Registry, memory: Mapping[str, int]) -> None:
        self._state = state
        self._registry = registry
        self._memory = memory

    def plan(self, account: str, endpoint: str, config_name: str) -> list[Planned]:
        """Plan all variants of a config, or say what stands in the way."""
        try:
            config = existing(self._state, account, "configs", config_name)
            return [self._planned(account, endpoint, variant) for variant in config["ProductionVariants"]]
        except ServiceError as error:
            raise LaunchError(error.message) from error

    def _planned(self, account: str, endpoint: str, variant: Record) -> Planned:
        """Plan one variant."""
        model = existing(self._state, account, "models", variant["ModelName"])
        container, role = model["Container"], model["ExecutionRoleArn"]
        image = self._registry.resolve(container["Image"], role)
        plan = VariantPlan(
            account=account,
            endpoint=endpoint,
            variant=variant["VariantName"],
            digest=image.digest,
            model_data_url=container.get("ModelDataUrl"),
            role_arn=role,
            environment=container.get("Environment", {}),
            instance_type=variant["InstanceType"],
            memory_mib=memory_mib(variant["InstanceType"], self._memory),
            health_check_seconds=variant.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            strategy=variant.get("RoutingConfig", {}).get("RoutingStrategy", STRATEGIES[0]),
        )
        return Planned(variant, plan, image)
