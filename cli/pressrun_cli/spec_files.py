"""A service's folder: `service.yaml` with its golden set and load samples, checked line by line."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from pressrun.canonical import canonical, digest
from pressrun.errors import InvalidInputError
from pressrun.service.golden import parse_golden_set
from pressrun.service.samples import parse_samples
from pressrun.service.spec import ServiceSpec
from pressrun_cli.errors import CommandError


class Service(NamedTuple):
    """A checked service."""

    folder: Path
    spec: ServiceSpec
    golden: bytes
    samples: bytes

    @property
    def documents(self) -> dict[str, bytes]:
        """What is published under the digest."""
        return {
            "service.json": canonical(self.spec.model_dump(mode="json")),
            "golden.jsonl": self.golden,
            "load.jsonl": self.samples,
        }

    @property
    def digest(self) -> str:
        """The revision: a digest over spec, golden set and load samples."""
        return digest({name: body.decode() for name, body in self.documents.items()})


def read_service(folder: Path, override: Path | None = None) -> Service:
    """Read and check a service's folder.

    Args:
        folder: holds `service.yaml`.
        override: a YAML file whose keys replace those of `service.yaml`, for a revision with other values.

    Raises:
        CommandError: names the file, the line and the key that does not fit.
    """
    path = folder / "service.yaml"
    document, lines = _read_yaml(path)
    if override:
        changes, more = _read_yaml(override)
        document = _merged(document, changes)
        lines |= more
    try:
        spec = ServiceSpec.model_validate(document)
    except ValidationError as error:
        raise CommandError("\n".join(_explained(error, path, lines))) from None
    golden, samples = _read(folder / spec.golden_set.cases), _read(folder / spec.load_samples)
    try:
        parse_golden_set(golden.decode())
        parse_samples(samples.decode())
    except (InvalidInputError, UnicodeDecodeError) as error:
        raise CommandError(f"{folder}: {error}") from None
    return Service(folder, spec, golden, samples)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None


def _read_yaml(path: Path) -> tuple[dict[str, Any], dict[tuple[str, ...], str]]:
    text = _read(path).decode(errors="replace")
    try:
        root = yaml.compose(text)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CommandError(f"{path} is not YAML: {error}") from None
    if not isinstance(document, dict) or not isinstance(root, yaml.MappingNode):
        raise CommandError(f"{path} holds no mapping, expected keys such as name and owner")
    lines: dict[tuple[str, ...], str] = {}
    _note_lines(root, (), lines, path)
    return document, lines


def _note_lines(node: yaml.Node, at: tuple[str, ...], lines: dict[tuple[str, ...], str], path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            place = (*at, str(key.value))
            lines[place] = f"{path}:{key.start_mark.line + 1}"
            _note_lines(value, place, lines, path)


def _explained(error: ValidationError, path: Path, lines: dict[tuple[str, ...], str]) -> list[str]:
    told = []
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        place = tuple(str(part) for part in found["loc"])
        near = next((lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in lines), str(path))
        told.append(f"{near}: {'.'.join(place) or 'spec'}: {found['msg']}")
    return told


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for key, value in changes.items():
        known = found.get(key)
        found[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return found


def json_schema() -> str:
    """Return the JSON Schema of `service.yaml`, for editors."""
    return json.dumps(ServiceSpec.model_json_schema(), indent=2)
