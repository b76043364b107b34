"""Reads a buildspec, version 0.2; a key that is not understood is an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
PHASE_KEYS = {"commands", "finally", "on-failure"}
ENV_KEYS = {"variables", "exported-variables", "shell"}


class BuildspecError(ValueError):
    """The buildspec is malformed, or asks for something that is not done here."""


@dataclass(frozen=True)
class Phase:
    """One phase: `goes_on` says whether the build goes on to the next phase when this one fails."""

    name: str
    commands: tuple[str, ...] = ()
    finally_: tuple[str, ...] = ()
    goes_on: bool = False


@dataclass(frozen=True)
class Buildspec:
    """What a build runs."""

    variables: Mapping[str, str]
    exported: tuple[str, ...]
    phases: tuple[Phase, ...]


def parse(text: str) -> Buildspec:
    """Read a buildspec."""
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BuildspecError(f"buildspec is not YAML: {error}") from error
    _check("buildspec", document, {"version", "env", "phases"})
    if str(document.get("version")) != "0.2":
        raise BuildspecError(f"version is {document.get('version')!r}, expected 0.2")
    env = _check("env", document.get("env") or {}, ENV_KEYS)
    if env.get("shell", "bash") != "bash":
        raise BuildspecError(f"env.shell is {env['shell']!r}, expected bash")
    phases = _check("phases", document.get("phases"), set(PHASES))
    if not phases:
        raise BuildspecError("phases is empty, expected one at least")
    return Buildspec(
        {str(name): str(value) for name, value in (env.get("variables") or {}).items()},
        tuple(_strings("env.exported-variables", env.get("exported-variables") or [])),
        tuple(_phase(name, phases.get(name)) for name in PHASES),
    )


def _phase(name: str, found: Any) -> Phase:
    if found is None:
        return Phase(name)
    _check(f"phases.{name}", found, PHASE_KEYS)
    choice = found.get("on-failure")
    if choice not in (None, "ABORT", "CONTINUE"):
        raise BuildspecError(f"phases.{name}.on-failure is {choice!r}, expected ABORT or CONTINUE")
    return Phase(
        name,
        tuple(_strings(f"phases.{name}.commands", found.get("commands") or [])),
        tuple(_strings(f"phases.{name}.finally", found.get("finally") or [])),
        # A failed build is followed by post_build unless the buildspec says otherwise.
        choice == "CONTINUE" or (choice is None and name == "build"),
    )


def _check(where: str, found: Any, known: set[str]) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BuildspecError(f"{where} is {found!r}, expected a mapping")
    unknown = sorted(set(map(str, found)) - known)
    if unknown:
        raise BuildspecError(f"{where} has {', '.join(unknown)}, expected only {', '.join(sorted(known))}")
    return found


def _strings(where: str, found: Any) -> list[str]:
    if not isinstance(found, list) or not all(isinstance(entry, str) for entry in found):
        raise BuildspecError(f"{where} is {found!r}, expected a list of strings")
    return found
