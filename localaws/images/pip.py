"""Reads the one command that RUN may hold: pip install."""

import re
from dataclasses import dataclass

SUPPORTED = (
    "RUN [python -m] pip install with -r/--requirement FILE, --require-hashes, --no-deps, --no-cache-dir"
    " and pins such as six==1.17.0"
)
PROGRAMS = (("pip",), ("pip3",), ("python", "-m", "pip"), ("python3", "-m", "pip"))
WITHOUT_EFFECT = {"--no-cache-dir", "--disable-pip-version-check", "--no-input", "-q", "--quiet"}
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._,-]+\])?==[A-Za-z0-9][A-Za-z0-9.+!_-]*")


@dataclass(frozen=True)
class Install:
    """What `pip install` is asked for; requirement files as the Dockerfile names them."""

    requirements: tuple[str, ...]
    pins: tuple[str, ...]
    require_hashes: bool
    no_deps: bool


def parse(words: list[str]) -> Install | None:
    """Return the parsed command, or None when it is anything but an understood `pip install`."""
    program = next((found for found in PROGRAMS if tuple(words[: len(found)]) == found), None)
    if program is None or words[len(program) : len(program) + 1] != ["install"]:
        return None
    requirements: list[str] = []
    pins: list[str] = []
    flags: set[str] = set()
    arguments = iter(words[len(program) + 1 :])
    for argument in arguments:
        name, has_value, value = argument.partition("=")
        if argument in ("-r", "--requirement"):
            requirements.append(next(arguments, ""))
        elif name == "--requirement" and has_value:
            requirements.append(value)
        elif argument in {"--require-hashes", "--no-deps"} | WITHOUT_EFFECT:
            flags.add(argument)
        elif PIN.fullmatch(argument):
            pins.append(argument)
        else:
            return None
    if not all(requirements) or not requirements + pins:
        return None
    return Install(tuple(requirements), tuple(pins), "--require-hashes" in flags, "--no-deps" in flags)
