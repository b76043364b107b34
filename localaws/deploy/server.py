"""The embedded AWS as a process in the background: started, found again by its pid file, ended."""

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import psutil

from localaws.settings import Settings

_START_SECONDS = 60
_STOP_SECONDS = 30
_PYTHON = ".localaws/venv/bin/python"


class ServerError(Exception):
    """The embedded AWS could not be started."""


@dataclass(frozen=True)
class Server:
    """One embedded AWS, whose files all lie in its settings' state folder."""

    settings: Settings
    root: Path

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self.settings.state_dir / "serve.log"

    def process(self) -> psutil.Process | None:
        """Return the running process, or None."""
        try:
            process = psutil.Process(int((self.settings.state_dir / "serve.pid").read_text()))
            ours = any(part.endswith("serve.py") for part in process.cmdline())
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return process if ours and process.status() != psutil.STATUS_ZOMBIE else None

    def start(self) -> bool:
        """Start it unless it runs; tell whether it was started.

        Raises:
            ServerError: it ended at once or did not answer in time.
        """
        if self.process():
            return False
        shutil.rmtree(self.settings.state_dir, ignore_errors=True)
        self.settings.state_dir.mkdir(parents=True)
        with self.log.open("wb") as log:
            started = subprocess.Popen(
                self._command(), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self.answers():
            if started.poll() is not None or time.monotonic() > deadline:
                started.kill()
                started.wait()
                raise ServerError(f"the embedded AWS did not start; the end of {self.log}:\n{self._last_lines()}")
            time.sleep(0.1)
        return True

    def stop(self) -> bool:
        """End it in order, or by force when it does not listen; tell whether it ran."""
        process = self.process()
        if process is None:
            return False
        family = [process, *process.children(recursive=True)]
        process.terminate()
        _, alive = psutil.wait_procs(family, timeout=_STOP_SECONDS)
        for left in alive:
            left.kill()
        psutil.wait_procs(alive, timeout=5)
        return True

    def answers(self) -> bool:
        """Tell whether it is ready."""
        try:
            with urllib.request.urlopen(f"{self.settings.endpoint_url}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _command(self) -> list[str]:
        settings = self.settings
        return [
            str(self.root / _PYTHON), str(self.root / "localaws/serve.py"),
            "--state-dir", str(settings.state_dir), "--images-dir", str(settings.images_dir),
            "--port", str(settings.port), "--data-port", str(settings.data_port),
            "--delay-factor", str(settings.delay_factor), "--metric-lag", str(settings.metric_lag_seconds),
            "--uv", str(settings.uv),
            *(part for kind, mib in settings.memory_mib.items() for part in ("--memory", f"{kind}={mib}")),
        ]  # fmt: skip

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
