"""Watches containers: the dead are replaced, those over their instance's memory are killed."""

import logging
import threading
import time
from collections.abc import Callable

from localaws.twin.delays import REPLACE, Delays
from localaws.twin.errors import LaunchError
from localaws.twin.fleet.fleet import Fleet
from localaws.twin.fleet.instance import Instance
from localaws.twin.fleet.memory import resident_mib

TICK_SECONDS = 0.25
MEMORY_TICKS = 4
Fleets = Callable[[], list[Fleet]]
logger = logging.getLogger(__name__)


class Supervisor:
    """Looks after the fleets in service, and at the memory of those that are being prepared."""

    def __init__(self, serving: Fleets, preparing: Fleets, changed: Callable[[], None], delays: Delays) -> None:
        self._serving = serving
        self._preparing = preparing
        self._changed = changed
        self._delays = delays
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._run, name="twin-supervisor", daemon=True).start()

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()

    def _run(self) -> None:
        """Watch until closed."""
        tick = 0
        while not self._closed.wait(TICK_SECONDS):
            tick += 1
            try:
                self._replace_dead()
                if tick % MEMORY_TICKS == 0:
                    self._kill_oversized()
            except Exception:
                logger.exception("the supervisor missed a round")

    def _replace_dead(self) -> None:
        """Take dead instances out of service and start others."""
        for fleet in self._serving():
            for instance in [each for each in fleet.serving if not each.alive and not each.stopping]:
                logger.warning(
                    "%s: instance %s of variant %s ended with status %s; its log: %s",
                    fleet.plan.endpoint,
                    instance.id,
                    fleet.plan.variant,
                    instance.process.poll(),
                    instance.log,
                )
                fleet.remove(instance)
                self._changed()
                threading.Thread(target=self._replace, args=(fleet,), daemon=True).start()

    def _replace(self, fleet: Fleet) -> None:
        """Start an instance in place of a dead one, for as long as its fleet serves."""
        while True:
            self._delays.wait(REPLACE)
            if fleet.stopped or self._closed.is_set() or len(fleet.serving) >= fleet.wanted:
                return
            try:
                fleet.add(1)
            except LaunchError as error:
                logger.warning("%s: no replacement in variant %s: %s", fleet.plan.endpoint, fleet.plan.variant, error)
                time.sleep(TICK_SECONDS)
                continue
            self._changed()
            return

    def _kill_oversized(self) -> None:
        """Kill what uses more memory than its instance has."""
        fleets = [*self._serving(), *self._preparing()]
        watched = [(fleet, instance) for fleet in fleets for instance in [*fleet.serving, *fleet.starting]]
        used = resident_mib([instance.process.pid for _, instance in watched]) if watched else {}
        for fleet, instance in watched:
            if used[instance.process.pid] > instance.memory_mib and instance.alive:
                self._kill(fleet, instance, used[instance.process.pid])

    def _kill(self, fleet: Fleet, instance: Instance, used: float) -> None:
        """Kill an instance as the kernel of a full machine does."""
        message = f"Out of memory: {used:.0f} MiB of {instance.memory_mib} MiB used, the container was killed"
        logger.warning("%s: variant %s: %s", fleet.plan.endpoint, fleet.plan.variant, message)
        instance.note(message)
        instance.process.kill()
