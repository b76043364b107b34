"""A serving process of its own, as a container would start it, and a client for it."""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGING_PYTHON = ROOT / ".packaging" / "bin" / "python"
SERVING = ROOT / "services" / "serving"
PATIENCE_SECONDS = 30
JSON = "application/json"


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    content_type: str
    text: str

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.text)


class RunningServer:
    """A server process and how to talk to it."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self._port = port

    def get(self, path: str) -> Reply:
        """Send a GET."""
        return self._send("GET", path, b"", {})

    def invoke(self, body: bytes | dict[str, Any], content_type: str = JSON, accept: str = JSON) -> Reply:
        """Send an invocation."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._send("POST", "/invocations", content, {"Content-Type": content_type, "Accept": accept})

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers.get("Content-Type", ""), answer.read().decode())
        finally:
            connection.close()

    def listens(self) -> bool:
        """Say whether the port is open."""
        try:
            self.get("/ping")
        except OSError:
            return False
        return True

    def is_ready(self) -> bool:
        """Say whether /ping is green."""
        return self.listens() and self.get("/ping").status == 200

    def admitted(self) -> int:
        """Return how many requests are being served or wait."""
        lines = self.get("/metrics").text.splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("pressrun_admitted_requests ")))


def wait_until(condition: Any) -> None:
    """Poll a condition; give up long after any healthy server would meet it."""
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition():
        assert monotonic() < deadline, "the server never came so far"
        sleep(0.02)


def start(model_dir: Path, **environment: str) -> tuple[subprocess.Popen[str], int]:
    """Start a server on a free port."""
    assert PACKAGING_PYTHON.exists(), f"{PACKAGING_PYTHON} is missing: make .packaging"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [PACKAGING_PYTHON, "-m", "pressrun_serving", "serve"],
        env={
            "PYTHONPATH": str(SERVING),
            "PRESSRUN_BIND_ADDRESS": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "SM_MODEL_DIR": str(model_dir),
            **environment,
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    return process, port


@contextmanager
def running(model_dir: Path, **environment: str) -> Iterator[RunningServer]:
    """Run a server for as long as the context lasts; it listens, but may still be loading."""
    process, port = start(model_dir, **environment)
    with process:
        try:
            server = RunningServer(process, port)
            wait_until(lambda: server.listens() or process.poll() is not None)
            yield server
        finally:
            process.kill()


def exit_of(model_dir: Path, **environment: str) -> tuple[int, str]:
    """Run a server that is expected to end by itself; return its status and what it said."""
    process, _ = start(model_dir, **environment)
    with process:
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, said


def write_code(folder: Path, code: str, **modules: str) -> Path:
    """Write a model directory with this code/inference.py and modules beside it; return the directory."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text(code)
    for name, content in modules.items():
        (folder / "code" / f"{name}.py").write_text(content)
    return folder
