"""The control plane's end of the data plane: its process, the line to it, the routes it is given."""

import contextlib
import itertools
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from localaws.settings import Settings

MAIN = Path(__file__).with_name("dataplane") / "main.py"
START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
RESTART_SECONDS = 0.5
Permit = Callable[[dict[str, str], str], dict[str, Any]]
logger = logging.getLogger(__name__)


class DataPlane:
    """Keeps the data plane running and tells it where requests go."""

    def __init__(self, settings: Settings, permit: Permit) -> None:
        self._settings = settings
        self._permit = permit
        self._routes: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._permits = ThreadPoolExecutor(4, thread_name_prefix="twin-permits")
        self._write_lock = threading.Lock()
        self._ready = threading.Event()
        self._started = threading.Event()  # for better or worse
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None

    def start(self) -> None:
        """Start the process and wait until it serves."""
        threading.Thread(target=self._run, name="twin-dataplane", daemon=True).start()
        self._started.wait(START_SECONDS)
        if not self._ready.is_set():
            self.close()
            raise RuntimeError(f"the data plane does not serve on port {self._settings.data_port}; see {self._log()}")

    def close(self) -> None:
        """End the process."""
        self._closed = True
        if self._line:
            with contextlib.suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)
        if self._process:
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def push(self, routes: list[dict[str, Any]]) -> None:
        """Put routes in force; returns when they are."""
        self._routes = routes
        self._ask({"do": "routes", "routes": routes})

    def outstanding(self, instances: list[str]) -> int:
        """Count the requests that instances are working on."""
        return int(self._ask({"do": "outstanding", "instances": instances}) or 0)

    def _run(self) -> None:
        """Start the process again whenever it ends."""
        while not self._closed:
            self._line, theirs = socket.socketpair()
            self._process = self._spawn(theirs)
            theirs.close()
            self._listen(self._line)
            self._started.set()
            self._ready.clear()
            self._fail_waiting()
            if not self._closed:
                logger.error("the data plane ended; it is started again; its log: %s", self._log())
                time.sleep(RESTART_SECONDS)

    def _spawn(self, line: socket.socket) -> "subprocess.Popen[bytes]":
        """Start the process with its end of the line."""
        settings = self._settings
        self._log().parent.mkdir(parents=True, exist_ok=True)
        argv = [
            str(settings.data_port),
            settings.endpoint_url,
            str(settings.metric_lag_seconds),
            str(line.fileno()),
        ]
        with self._log().open("ab") as log:
            return subprocess.Popen(
                [sys.executable, str(MAIN), *argv],
                pass_fds=[line.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _log(self) -> Path:
        """Return where the process writes."""
        return self._settings.state_dir / "twin" / "dataplane.log"

    def _listen(self, line: socket.socket) -> None:
        """Handle messages until the line ends."""
        with line.makefile("rb") as messages:
            for text in messages:
                message = json.loads(text)
                if "re" in message:
                    waiting = self._waiting.pop(message["re"], None)
                    if waiting:
                        waiting.set_result(message["answer"])
                elif message["do"] == "ready":
                    self._tell({"id": 0, "do": "routes", "routes": self._routes})
                    self._ready.set()
                    self._started.set()
                else:
                    self._permits.submit(self._answer_permit, message)

    def _answer_permit(self, message: dict[str, Any]) -> None:
        """Decide about a caller."""
        self._tell({"re": message["id"], "answer": self._permit(message["headers"], message["endpoint"])})

    def _ask(self, message: dict[str, Any]) -> Any:
        """Ask the process; None when it is just being started again, which gets the routes anyway."""
        number, answer = next(self._ids), Future[Any]()
        self._waiting[number] = answer
        if not self._ready.is_set():
            self._waiting.pop(number, None)
            return None
        self._tell({"id": number, **message})
        return answer.result(ANSWER_SECONDS)

    def _fail_waiting(self) -> None:
        """Release whoever waits for a process that ended."""
        for number in list(self._waiting):
            self._waiting.pop(number).set_result(None)

    def _tell(self, message: dict[str, Any]) -> None:
        """Send a message."""
        line = self._line
        if line:
            try:
                with self._write_lock:
                    line.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                logger.warning("the data plane did not take a message: %s", message.get("do", "answer"))
