"""The command line that `up.py` and `down.py` share."""

import argparse
from pathlib import Path

from localaws.deploy.server import Server
from localaws.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def read(description: str) -> tuple[Path, Server]:
    """Return the folder of one installation and its server."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--dir", type=Path, default=ROOT / ".localaws", help="env, outputs.json and the run's files")
    parser.add_argument("--port", type=int, default=4566, help="the gateway of all control planes")
    parser.add_argument("--data-port", type=int, default=4567, help="the SageMaker runtime")
    parser.add_argument("--delay-factor", type=float, default=0.02, help="scales AWS's own delays")
    parser.add_argument("--metric-lag", type=float, default=3.0, help="seconds until endpoint metrics are readable")
    parser.add_argument("--memory", action="append", default=[], metavar="TYPE=MIB", help="memory of an instance type")
    found = parser.parse_args()
    folder = found.dir.resolve()
    settings = Settings(
        state_dir=folder / "run",
        images_dir=ROOT / ".localaws" / "images",
        port=found.port,
        data_port=found.data_port,
        delay_factor=found.delay_factor,
        metric_lag_seconds=found.metric_lag,
        uv=ROOT / ".uv" / "bin" / "uv",
        memory_mib={kind: int(mib) for kind, _, mib in (entry.partition("=") for entry in found.memory)},
    )
    return folder, Server(settings, ROOT)
