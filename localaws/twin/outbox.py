"""Sends the twin's events in their order, from a thread of its own: a target may call back into the twin."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

Emit = Callable[[str, str, str, dict[str, Any], list[str]], None]
logger = logging.getLogger(__name__)


class Outbox:
    """A queue of events before the accounts' default buses."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._events: queue.SimpleQueue[tuple[str, str, dict[str, Any], list[str]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="twin-events", daemon=True)
        self._thread.start()

    def put(self, account: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        """Send an event of aws.sagemaker soon."""
        self._events.put((account, detail_type, detail, resources))

    def close(self) -> None:
        """Send what is left and stop."""
        self._events.put(None)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        """Send events until closed."""
        while event := self._events.get():
            account, detail_type, detail, resources = event
            try:
                self._emit(account, "aws.sagemaker", detail_type, detail, resources)
            except Exception:
                logger.exception("the event %r of account %s was not sent", detail_type, account)
