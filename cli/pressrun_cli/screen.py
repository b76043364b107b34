"""What people see: tables on a terminal, one JSON document for machines."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.table import Table

# Written to a file or pipe, a line holds a whole row.
PIPED_WIDTH = 200

console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)

COLOUR_OF = {
    "promoted": "green",
    "rolled_back": "red",
    "rejected": "red",
    "superseded": "yellow",
    "awaiting_approval": "yellow",
    "rolling_out": "cyan",
    "open": "cyan",
}


def emit(document: Any, *, as_json: bool) -> bool:
    """Print the document for machines, if that was asked for; tell whether it was."""
    if as_json:
        print(json.dumps(document, indent=2, default=str))
    return as_json


def say(text: str) -> None:
    """Print one line for people."""
    console.print(text, soft_wrap=True)


def coloured(status: str) -> str:
    """Return a status in its colour."""
    colour = COLOUR_OF.get(status, "white")
    return f"[{colour}]{status}[/{colour}]"


def show_table(columns: list[str], rows: Iterable[list[str]]) -> None:
    """Print rows under their headings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
