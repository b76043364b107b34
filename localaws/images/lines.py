"""Cuts the text of a Dockerfile into its instructions."""

import re
from pathlib import Path
from typing import NamedTuple

from localaws.images.errors import UnsupportedInstructionError

ESCAPE = re.compile(r"#\s*escape\s*=", re.IGNORECASE)


class Instruction(NamedTuple):
    """One instruction and the number of its first line."""

    line: int
    name: str
    rest: str

    def __str__(self) -> str:
        return f"{self.name} {self.rest}".strip()


def instructions(path: Path) -> list[Instruction]:
    """Join continued lines and leave out comments, also between continued lines."""
    found: list[Instruction] = []
    first = 0
    parts: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if ESCAPE.match(text):
            raise UnsupportedInstructionError(path, number, text, "the backslash as the escape character")
        if not text or text.startswith("#"):
            continue
        first = first if parts else number
        parts.append(text.removesuffix("\\").strip())
        if not text.endswith("\\"):
            found.append(_joined(first, parts))
            parts = []
    return found + ([_joined(first, parts)] if parts else [])


def _joined(line: int, parts: list[str]) -> Instruction:
    name, _, rest = " ".join(part for part in parts if part).partition(" ")
    return Instruction(line, name, rest.strip())
