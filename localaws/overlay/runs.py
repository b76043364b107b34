"""What is known of an execution while it runs: its role, its children, and how to wake it."""

import contextvars
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ministack.services import stepfunctions as sfn

Response = tuple[int, dict[str, str], bytes]
State = dict[str, Any]

TRANSITION = threading.RLock()
"""Held while an execution changes its status or its history."""


class StoppedError(sfn._ExecutionError):  # type: ignore[misc]
    """The execution has ended; nothing in it goes on."""

    def __init__(self) -> None:
        super().__init__("States.Runtime", "The execution has ended.")


@dataclass
class Run:
    """One execution in flight."""

    execution: dict[str, Any]
    role_arn: str = ""
    children: set[str] = field(default_factory=set)
    finished: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _waits: list[threading.Event] = field(default_factory=list)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event; raise StoppedError when the execution ends meanwhile."""
        self._waits.append(event)
        try:
            if not self._stopped.is_set():
                event.wait(seconds)
        finally:
            self._waits.remove(event)
        if self._stopped.is_set():
            raise StoppedError
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        """Sleep, or raise StoppedError as soon as the execution ends."""
        self.wait(threading.Event(), seconds)

    def stop(self) -> None:
        """Wake everything that waits."""
        self._stopped.set()
        for event in list(self._waits):
            event.set()


class Runs:
    """The executions in flight, by ARN."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    def of(self, execution: dict[str, Any]) -> Run:
        """Return an execution's run, made at the first ask; that of an ended execution is finished."""
        with self._lock:
            if execution["status"] != "RUNNING":
                ended = Run(execution)
                ended.finished.set()
                return ended
            return self._runs.setdefault(execution["executionArn"], Run(execution))

    def find(self, arn: str) -> Run | None:
        """Return the run of an execution that is in flight."""
        with self._lock:
            return self._runs.get(arn)

    def close(self, run: Run) -> None:
        """Forget a run and tell who waits for it."""
        with self._lock:
            self._runs.pop(run.execution["executionArn"], None)
        run.finished.set()

    def check(self, execution: dict[str, Any]) -> None:
        """Raise StoppedError unless the execution and the one it belongs to still run."""
        run = current.get(None)
        if execution["status"] != "RUNNING" or (run and run.execution["status"] != "RUNNING"):
            raise StoppedError


runs = Runs()
current: contextvars.ContextVar[Run] = contextvars.ContextVar("run")


def sleep(seconds: float) -> None:
    """Stand in for the sleep of Wait states and retries: scaled as configured, ended with the execution."""
    scaled = seconds * sfn._SFN_WAIT_SCALE
    run = current.get(None)
    if run:
        run.sleep(scaled)
    else:
        time.sleep(scaled)
