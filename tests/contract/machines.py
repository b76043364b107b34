"""State machines as the contract tests read them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[2]

State = dict[str, Any]


class Machine(NamedTuple):
    """One definition, and the file's own text."""

    name: str
    text: str
    definition: dict[str, Any]

    def scopes(self) -> Iterator[dict[str, Any]]:
        """Yield the machine itself and every machine inside a Map or Parallel state."""
        yield from _scopes(self.definition)

    def states(self) -> Iterator[tuple[str, State]]:
        """Yield every state with its name, inner ones too."""
        for scope in self.scopes():
            yield from scope["States"].items()


@cache
def machines() -> tuple[Machine, ...]:
    """Return all definitions, by name."""
    found = []
    for path in sorted((ROOT / "statemachines").glob("*.asl.yaml")):
        text = path.read_text()
        found.append(Machine(path.name.removesuffix(".asl.yaml"), text, yaml.safe_load(text)))
    return tuple(found)


def targets(state: State) -> Iterator[str]:
    """Yield the names of the states that may follow."""
    yield from (state[key] for key in ("Next", "Default") if key in state)
    for rule in (*state.get("Choices", []), *state.get("Catch", [])):
        yield rule["Next"]


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a document, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def _scopes(scope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield scope
    for state in scope["States"].values():
        for inner in (*state.get("Branches", []), *(state[k] for k in ("ItemProcessor",) if k in state)):
            yield from _scopes(inner)
