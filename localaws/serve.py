"""Runs AWS on this machine: ministack, repaired by the overlay, with container images and the SageMaker twin.

Start it as a script, under the embedded AWS's own interpreter. It serves until SIGTERM or SIGINT and leaves no process
behind; `GET /_ministack/health` answers once everything is up.
"""

import argparse
import asyncio
import contextlib
import importlib
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)  # the repository, in place of this folder; for this process only

from localaws.overlay import environment  # noqa: E402
from localaws.settings import Settings  # noqa: E402

PLUGINS = ("localaws.overlay.plugin", "localaws.images.plugin", "localaws.twin.plugin")
GRACE_SECONDS = 3
LOG_FORMAT = "%(asctime)s %(levelname)s [%(name)s] %(message)s"
logger = logging.getLogger("localaws")


def main() -> None:
    """Serve until told to stop."""
    arguments = _arguments()
    settings = _settings(arguments)
    _refuse_taken_port(settings.port)
    _enter_environment(settings)
    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, stream=sys.stdout)
    installed = [] if arguments.without_overlay else [importlib.import_module(name) for name in PLUGINS]
    with _pid_file(settings.state_dir / "serve.pid"):
        try:
            for plugin in installed:
                plugin.install(settings)
            # Not asyncio.run, which waits for everything in flight.
            asyncio.new_event_loop().run_until_complete(_serve(settings))
        finally:
            _shut_down(installed)
    sys.stdout.flush()
    os._exit(0)  # executions sleep in threads of their own; nothing is left to wait for


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True, help="everything this run writes")
    parser.add_argument(
        "--images-dir", type=Path, default=ROOT / ".localaws" / "images", help="shared container images"
    )
    parser.add_argument("--port", type=int, default=4566, help="the gateway of all control planes")
    parser.add_argument("--data-port", type=int, default=4567, help="the SageMaker runtime")
    parser.add_argument("--delay-factor", type=float, default=0.02, help="scales AWS's own delays")
    parser.add_argument("--metric-lag", type=float, default=3.0, help="seconds until endpoint metrics are readable")
    parser.add_argument("--memory", action="append", default=[], metavar="TYPE=MIB", help="memory of an instance type")
    parser.add_argument("--uv", type=Path, default=ROOT / ".uv" / "bin" / "uv", help="the installer that builds images")
    parser.add_argument("--without-overlay", action="store_true", help="stock ministack; for the contract tests only")
    return parser.parse_args()


def _settings(arguments: argparse.Namespace) -> Settings:
    """Turn the command line into settings with absolute folders."""
    return Settings(
        state_dir=arguments.state_dir.resolve(),
        images_dir=arguments.images_dir.resolve(),
        port=arguments.port,
        data_port=arguments.data_port,
        delay_factor=arguments.delay_factor,
        metric_lag_seconds=arguments.metric_lag,
        uv=arguments.uv,
        memory_mib={kind: int(mib) for kind, _, mib in (entry.partition("=") for entry in arguments.memory)},
    )


def _refuse_taken_port(port: int) -> None:
    """Stop before anything starts when another process has the gateway's port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SystemExit(f"port {port} on 127.0.0.1 is taken: {error.strerror}") from error


def _enter_environment(settings: Settings) -> None:
    """Replace this process's environment, before ministack reads it and handlers inherit it."""
    os.environ.clear()
    os.environ.update(environment.of(settings))
    shutil.rmtree(os.environ["TMPDIR"], ignore_errors=True)
    for folder in (os.environ["TMPDIR"], os.environ["HOME"], os.environ["STATE_DIR"], settings.images_dir):
        Path(folder).mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = None
    os.chdir(settings.state_dir)


@contextlib.contextmanager
def _pid_file(path: Path) -> Iterator[None]:
    """Keep this process's id in a file for as long as it serves."""
    path.write_text(str(os.getpid()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def _serve(settings: Settings) -> None:
    """Serve ministack's application on loopback until a signal comes."""
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"127.0.0.1:{settings.port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.accesslog = None
    serving = asyncio.ensure_future(serve(app, config, shutdown_trigger=stop.wait))
    await asyncio.wait({serving, asyncio.ensure_future(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({serving}, timeout=GRACE_SECONDS)  # calls in flight may last for minutes
    if serving.done():
        serving.result()


def _shut_down(plugins: list[ModuleType]) -> None:
    """Let every part stop what it started, then end whatever process is still below this one."""
    import psutil

    for plugin in reversed(plugins):
        try:
            plugin.shutdown()
        except Exception:
            logger.exception("%s did not shut down", plugin.__name__)
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=3)


if __name__ == "__main__":
    main()
