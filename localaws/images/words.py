"""Splits the arguments of a Dockerfile's instruction into words and expands variables, as a build does."""

import re
from collections.abc import Mapping

VARIABLE = re.compile(r"\$(?:(?P<plain>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)(?::-(?P<default>[^${}]*))?\})")
PIECE = re.compile(
    r"""'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|\\(?P<escaped>.)|(?P<space>\s+)|(?P<plain>[^\s'"\\]+)"""
)


class WordError(ValueError):
    """An unfinished quote, or an expansion of another form than $NAME, ${NAME} and ${NAME:-default}."""


def words(text: str, variables: Mapping[str, str]) -> list[str]:
    """Split on white space outside quotes; expand variables everywhere but in single quotes."""
    found: list[str] = []
    current: str | None = None
    position = 0
    while position < len(text):
        piece = PIECE.match(text, position)
        if piece is None:
            raise WordError(f"unfinished quote in {text!r}")
        position = piece.end()
        if piece["space"] is not None:
            found += [] if current is None else [current]
            current = None
        else:
            current = (current or "") + _value(piece, variables)
    return found + ([] if current is None else [current])


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace variables; one that is not set is empty."""
    if "$" in VARIABLE.sub("", text):
        raise WordError(f"{text!r} expands in another form than $NAME, ${{NAME}} or ${{NAME:-default}}")
    return VARIABLE.sub(lambda match: _lookup(match, variables), text)


def _value(piece: re.Match[str], variables: Mapping[str, str]) -> str:
    if piece["single"] is not None:
        return piece["single"]
    if piece["escaped"] is not None:
        return piece["escaped"]
    if piece["double"] is not None:
        parts = re.split(r"\\(.)", piece["double"])  # every second part was escaped
        return "".join(
            (part if part in '"\\$' else "\\" + part) if index % 2 else expand(part, variables)
            for index, part in enumerate(parts)
        )
    return expand(piece["plain"], variables)


def _lookup(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name = match["plain"] or match["braced"]
    return variables.get(name) or match["default"] or ""
