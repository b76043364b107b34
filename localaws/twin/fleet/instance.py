"""One instance: a container's process, its health, its memory."""

import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from localaws.twin.fleet.launcher import Process

PING_SECONDS = 2.0
POLL_SECONDS = 0.1
PORTS = range(20000, 32000)  # below the ports the kernel hands out to clients
_next_port = secrets.choice(PORTS)
_port_lock = threading.Lock()


@dataclass
class Instance:
    """A running container."""

    id: str
    process: Process
    port: int
    memory_mib: int
    log: Path
    stopping: bool = field(default=False)

    @property
    def alive(self) -> bool:
        """Tell whether its process runs."""
        return self.process.poll() is None

    def answers_ping(self) -> bool:
        """Ask for GET /ping."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PING_SECONDS)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def becomes_healthy(self, within: float) -> bool:
        """Wait for the first good ping, or for the process to end."""
        deadline = time.monotonic() + within
        while self.alive and time.monotonic() < deadline:
            if self.answers_ping():
                return True
            time.sleep(POLL_SECONDS)
        return False

    def kill(self) -> None:
        """End its processes."""
        self.stopping = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)

    def note(self, line: str) -> None:
        """Add a line of the host's to the container's log."""
        with self.log.open("a") as log:
            log.write(f"{line}\n")


def new_id() -> str:
    """Return an id like an EC2 instance's."""
    return f"i-{secrets.token_hex(8)[:17]}"


def free_port() -> int:
    """Return a port for a container."""
    global _next_port
    for _ in PORTS:
        with _port_lock:
            _next_port = PORTS.start + (_next_port + 1 - PORTS.start) % len(PORTS)
            port = _next_port
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is left for a container")
