"""How long a function's modules take to load, against a handler that does nothing with the same libraries."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from localaws.deploy import layers
from tests.performance.figure import Figure, NotMeasuredError

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"
FIRST_LOOK = 2
ROUNDS = 9
SLOWEST = 3

EMPTY = '''"""Does nothing, with everything that every function has."""

import boto3
from aws_lambda_powertools import Logger, Metrics
from pydantic import BaseModel

logger = Logger(service="empty")
metrics = Metrics(namespace="Empty", service="empty")
session = boto3.Session


class Nothing(BaseModel):
    """A payload."""

    name: str


@logger.inject_lambda_context
@metrics.log_metrics
def handler(event, context):
    """Answer."""
    return Nothing(**event).model_dump()
'''

LOAD = """
import json, sys, time
sys.path[:0] = sys.argv[2:]
known = set(sys.modules)
wall, cpu = time.perf_counter(), time.process_time()
__import__(sys.argv[1])
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, sorted(set(sys.modules) - known)]))
"""


class Load(NamedTuple):
    """One load of one module in a fresh process, in seconds, and the modules that came with it."""

    wall: float
    cpu: float
    modules: list[str]


class Module(NamedTuple):
    """A function's module and the folders that Lambda has on its path."""

    name: str
    path: tuple[str, ...]

    def load(self) -> Load:
        """Load it in a process of its own that knows nothing of this machine's packages."""
        command = [sys.executable, "-I", "-S", "-c", LOAD, self.name, *self.path]
        done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotMeasuredError(f"{self.name} does not load: {done.stderr.strip()[-500:]}")
        return Load(*json.loads(done.stdout.splitlines()[-1]))


def measure(folder: Path) -> list[Figure]:
    """Find the slowest handlers, then load them and the empty one in turns."""
    empty, handlers = _modules(folder)
    for module in (empty, *handlers):
        module.load()  # files come from the disk once
    looks = {module: min(module.load().cpu for _ in range(FIRST_LOOK)) for module in handlers}
    slowest = sorted(handlers, key=looks.__getitem__, reverse=True)[:SLOWEST]
    loads: dict[Module, list[Load]] = {module: [] for module in (empty, *slowest)}
    for number in range(ROUNDS):
        order = [empty, *slowest] if number % 2 else [*slowest, empty]
        for module in order:
            loads[module].append(module.load())
    return [_figure(empty, slowest, loads, looks)]


def _figure(
    empty: Module, slowest: list[Module], loads: dict[Module, list[Load]], looks: dict[Module, float]
) -> Figure:
    rows = {module.name: _compared(loads[module], loads[empty]) for module in slowest}
    name, row = max(rows.items(), key=lambda item: item[1]["cpu_ratio"])
    base = median(load.cpu for load in loads[empty])
    others = ", ".join(f"{other} {found['cpu_ratio']:.2f}" for other, found in rows.items() if other != name)
    note = (
        f"slowest: {name}; processor time {row['cpu_seconds']:.3f} s against {base:.3f} s of the empty handler, medians"
        f" of {ROUNDS} alternating loads\nby the wall clock {row['wall_ratio']:.2f}; then {others}\n"
        f"it loads on top, without pydantic's and boto3's: {row['own']} modules of Pressrun, {row['others']} others"
    )
    details = {
        "handlers": rows,
        "empty_cpu_seconds": base,
        "first_look_cpu_seconds": {m.name: round(t, 4) for m, t in looks.items()},
    }
    return Figure("Lambda cold start: import of the slowest handler", row["cpu_ratio"], "x", 1.3, note, details)


def _compared(loads: list[Load], empty: list[Load]) -> dict[str, Any]:
    extra = sorted(set(loads[0].modules) - set(empty[0].modules))
    own = [module for module in extra if module.startswith("pressrun")]
    return {
        "cpu_seconds": round(median(load.cpu for load in loads), 4),
        "cpu_ratio": round(median(load.cpu for load in loads) / median(load.cpu for load in empty), 3),
        "wall_ratio": round(median(load.wall for load in loads) / median(load.wall for load in empty), 3),
        "own": len(own),
        "others": len(extra) - len(own),
        "extra_modules": extra,
    }


def _modules(folder: Path) -> tuple[Module, list[Module]]:
    """Unpack the layers as Lambda does, byte code and all, and find every handler."""
    common, loadtest = (_layer(name, folder) for name in ("common", "loadtest"))
    nothing = folder / "empty"
    nothing.mkdir(parents=True, exist_ok=True)
    (nothing / "empty_handler.py").write_text(EMPTY)
    standard = tuple(entry for entry in sys.path if entry.startswith(sys.base_prefix) and "-packages" not in entry)
    handlers = []
    for path in sorted(FUNCTIONS.glob("*/*.py")):
        above = (loadtest,) if path.parent.name == "load_test" else ()
        handlers.append(Module(path.stem, (str(path.parent), *above, common, *standard)))
    return Module("empty_handler", (str(nothing), common, *standard)), handlers


def _layer(name: str, folder: Path) -> str:
    archive = layers.build(ROOT / "layers" / name, ROOT / ".localaws" / "cache", ROOT / ".uv" / "bin" / "uv")
    target = folder / archive.stem
    if not target.exists():
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(target)
    return str(target / "python")


def _environment() -> dict[str, str]:
    lambda_own = {"AWS_REGION": "us-east-1", "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_EC2_METADATA_DISABLED": "true"}
    names = {"POWERTOOLS_SERVICE_NAME": "pressrun", "POWERTOOLS_METRICS_NAMESPACE": "Pressrun"}
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **lambda_own, **names}
