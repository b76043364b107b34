"""Where requests go: endpoints, their variants by weight, the variants' instances."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

LEAST_OUTSTANDING = "LEAST_OUTSTANDING_REQUESTS"


@dataclass
class Instance:
    """One container and the requests it is working on."""

    id: str
    port: int
    outstanding: int = 0


@dataclass
class Variant:
    """The instances that answer for one production variant."""

    name: str
    weight: float
    strategy: str
    instances: list[Instance]
    turn: int = field(default=0, compare=False)

    def choose(self, tried: set[str]) -> Instance | None:
        """Pick an instance that was not tried yet: the least busy, or any."""
        left = [instance for instance in self.instances if instance.id not in tried]
        if not left:
            return None
        if self.strategy != LEAST_OUTSTANDING:
            return random.choice(left)
        self.turn += 1
        start = self.turn % len(left)
        return min(left[start:] + left[:start], key=lambda instance: instance.outstanding)


@dataclass
class Route:
    """One endpoint in service."""

    account: str
    endpoint: str
    config: str
    frequency: int
    variants: list[Variant]

    def choose(self) -> Variant:
        """Pick a variant by weight."""
        return random.choices(self.variants, [variant.weight for variant in self.variants])[0]

    def named(self, name: str) -> Variant | None:
        """Return the variant a request asks for."""
        return next((variant for variant in self.variants if variant.name == name), None)


class Table:
    """The routes in force; replaced as a whole, while requests under way keep their instances."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], Route] = {}
        self._instances: dict[str, Instance] = {}

    def replace(self, routes: list[dict[str, Any]]) -> None:
        """Put a new table in force."""
        self._routes = {(route["account"], route["endpoint"]): self._route(route) for route in routes}
        used = {i.id for route in self._routes.values() for v in route.variants for i in v.instances}
        self._instances = {i.id: i for i in self._instances.values() if i.id in used or i.outstanding}

    def find(self, account: str, endpoint: str) -> Route | None:
        """Return an endpoint's route."""
        return self._routes.get((account, endpoint))

    def outstanding(self, ids: Iterable[str]) -> int:
        """Count the requests some instances are working on."""
        return sum(self._instances[id_].outstanding for id_ in ids if id_ in self._instances)

    def _route(self, route: dict[str, Any]) -> Route:
        """Read a route; known instances keep their counts."""
        variants = [
            Variant(each["name"], each["weight"], each["strategy"], [self._instance(i) for i in each["instances"]])
            for each in route["variants"]
        ]
        return Route(route["account"], route["endpoint"], route["config"], route["frequency"], variants)

    def _instance(self, instance: dict[str, Any]) -> Instance:
        """Return the known instance of an id, or a new one."""
        return self._instances.setdefault(instance["id"], Instance(instance["id"], instance["port"]))
