"""The instances of one variant."""

import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from localaws.images.errors import ImageError
from localaws.images.store import ImageStore
from localaws.twin.delays import Delays
from localaws.twin.errors import LaunchError
from localaws.twin.fleet.archives import Archives
from localaws.twin.fleet.instance import Instance, free_port, new_id
from localaws.twin.fleet.launcher import Launcher
from localaws.twin.fleet.logs import ContainerLogs

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class VariantPlan:
    """All that the instances of a variant are started from."""

    account: str
    endpoint: str
    variant: str
    digest: str
    model_data_url: str | None
    role_arn: str
    environment: Mapping[str, str]
    instance_type: str
    memory_mib: int
    health_check_seconds: float | None
    strategy: str


@dataclass(frozen=True)
class Host:
    """What instances are started with."""

    images: ImageStore
    archives: Archives
    launcher: Launcher
    delays: Delays
    logs: ContainerLogs


class Fleet:
    """A variant's instances; those in `serving` take requests."""

    def __init__(self, plan: VariantPlan, host: Host) -> None:
        self.plan = plan
        self.serving: list[Instance] = []
        self.starting: list[Instance] = []
        self.stopped = False
        self.wanted = 0
        self._host = host
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """Start instances side by side; all of them serve in the end, or none does."""
        with ThreadPoolExecutor(max(count, 1)) as threads:
            started = [threads.submit(self._start) for _ in range(count)]
        failed = [each.exception() for each in started if each.exception()]
        instances = [each.result() for each in started if not each.exception()]
        with self._lock:
            if not failed and not self.stopped:
                self.serving = [*self.serving, *instances]
                return
        for instance in instances:
            instance.kill()
        raise failed[0] if failed and failed[0] else LaunchError("The fleet was stopped.")

    def remove(self, instance: Instance) -> None:
        """Take an instance out of service."""
        with self._lock:
            self.serving = [each for each in self.serving if each is not instance]

    def shrink(self, count: int) -> list[Instance]:
        """Take all but some instances out of service and return them."""
        with self._lock:
            removed, self.serving = self.serving[count:], self.serving[:count]
        return removed

    def stop(self) -> None:
        """End all instances."""
        with self._lock:
            self.stopped = True
            instances, self.serving = [*self.serving, *self.starting], []
        for instance in instances:
            instance.kill()

    def _start(self) -> Instance:
        """Start one instance and wait until it is healthy."""
        plan, host = self.plan, self._host
        model_dir = host.archives.fetch(plan.model_data_url, plan.role_arn)
        try:
            instance = self._launch(model_dir)
        except ImageError as error:
            raise LaunchError(f"The image of production variant {plan.variant} cannot be started: {error}") from error
        with self._lock:
            self.starting.append(instance)
        healthy = instance.becomes_healthy(host.delays.health_check(plan.health_check_seconds))
        with self._lock:
            self.starting.remove(instance)
        if not healthy:
            code = instance.process.poll()
            instance.kill()
            logger.warning(
                "%s: the container of variant %s %s; its log: %s",
                plan.endpoint,
                plan.variant,
                "did not answer /ping in time" if code is None else f"ended with status {code}",
                instance.log,
            )
            raise LaunchError(
                f"The primary container for production variant {plan.variant} did not pass the ping health check. "
                "Please check CloudWatch logs for this endpoint."
            )
        return instance

    def _launch(self, model_dir: Path) -> Instance:
        """Start one container."""
        plan, name, port = self.plan, new_id(), free_port()
        launch = self._host.images.get(plan.digest).launch(model_dir=model_dir, port=port, environment=plan.environment)
        log = self._host.logs.follow(plan.account, plan.endpoint, plan.variant, name)
        process = self._host.launcher.start(launch.argv, launch.env, launch.cwd, log)
        return Instance(name, process, port, plan.memory_mib, log)
