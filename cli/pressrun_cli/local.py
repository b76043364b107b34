"""`pressrun local`: the embedded AWS on this machine."""

import json
import os
import subprocess
from pathlib import Path

import typer

from pressrun_cli.arguments import AsJson
from pressrun_cli.errors import CommandError
from pressrun_cli.screen import emit, say

app = typer.Typer(no_args_is_help=True, help="The embedded AWS on this machine.")

HERE = Path(".localaws")


@app.command()
def up() -> None:
    """Start it and deploy everything; repeated, it changes nothing."""
    _run("up.py")


@app.command()
def down() -> None:
    """Stop it and everything it started."""
    _run("down.py")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether it runs, and where."""
    outputs = HERE / "outputs.json"
    pid = _running_pid()
    document = {
        "running": pid is not None,
        "pid": pid,
        "outputs": json.loads(outputs.read_text()) if outputs.is_file() else None,
    }
    if emit(document, as_json=as_json):
        return
    say(f"running, process {pid}; `. {HERE}/env` points AWS tools at it" if pid else "not running; `make up` starts it")


def _run(script: str) -> None:
    python = HERE / "venv" / "bin" / "python"
    if not python.exists():
        raise CommandError(f"{python} is not there, expected a set-up project: run `make up` once in its folder")
    done = subprocess.run([str(python), f"localaws/{script}"], check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)


def _running_pid() -> int | None:
    for path in sorted(HERE.glob("**/*.pid")):
        try:
            pid = int(path.read_text().strip())
            os.kill(pid, 0)
        except (OSError, ValueError):
            continue
        return pid
    return None
