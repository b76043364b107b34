"""Arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from pressrun_cli.connection import Connection

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document for machines.")]
Override = Annotated[
    Path | None, typer.Option(help="A YAML file whose keys replace those of service.yaml: a revision of its own.")
]


def connection_of(context: typer.Context) -> Connection:
    """Return the installation the command works on."""
    found: Connection = context.find_root().obj["connection"]
    return found


def services_of(context: typer.Context) -> Path:
    """Return the folder of the services."""
    found: Path = context.find_root().obj["services"]
    return found
