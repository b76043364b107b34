"""Reads the Dockerfile of a Python serving container; whatever it does not understand is an error."""

import json
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from localaws.images import pip
from localaws.images.errors import UnsupportedInstructionError
from localaws.images.lines import Instruction, instructions
from localaws.images.steps import Copy, Dockerfile, Folder, Install
from localaws.images.words import WordError, words

SUPPORTED = "FROM, WORKDIR, COPY, ENV, ARG, EXPOSE, LABEL, USER, RUN pip install, ENTRYPOINT or CMD"
BASE = re.compile(
    r"(?:(?:docker\.io/|public\.ecr\.aws/docker/)?library/|docker\.io/)?python"
    r":(?P<version>3\.\d+(?:\.\d+)?)(?:-slim)?(?:-(?:bullseye|bookworm|trixie))?"
)
PAIR = re.compile(r"""(?P<name>[^\s="']+)=(?P<value>(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*)(?:\s+|$)""")
# Settings of pip that change how it talks, not what it installs.
HARMLESS = {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_ROOT_USER_ACTION", "PIP_DEFAULT_TIMEOUT"}


def parse(path: Path, build_args: Mapping[str, str] | None = None) -> Dockerfile:
    """Read a Dockerfile; build arguments replace the defaults of its ARGs."""
    reader = _Reader(path, dict(build_args or {}))
    for instruction in instructions(path):
        reader.read(instruction)
    return reader.finish()


class _Reader:
    """Follows a Dockerfile instruction by instruction."""

    def __init__(self, path: Path, build_args: dict[str, str]) -> None:
        self.result = Dockerfile(path)
        self.args: dict[str, str] = {}
        self._build_args = build_args
        self._unused = set(build_args)
        self._current = Instruction(0, "", "")
        self._readers = {
            "FROM": self._from, "WORKDIR": self._workdir, "COPY": self._copy, "ENV": self._env, "ARG": self._arg,
            "EXPOSE": self._expose, "LABEL": self._label, "USER": self._user, "RUN": self._run,
            "ENTRYPOINT": self._entrypoint, "CMD": self._cmd,
        }  # fmt: skip

    def read(self, instruction: Instruction) -> None:
        """Take one instruction."""
        self._current = instruction
        name = instruction.name.upper()
        if name not in self._readers:
            raise self._unsupported(SUPPORTED)
        if not self.result.image and name not in ("FROM", "ARG"):
            raise self._unsupported("FROM python:3.X before any other instruction but ARG")
        self._readers[name](instruction.rest)

    def finish(self) -> Dockerfile:
        """Return the result if the file is complete."""
        missing = "FROM" if not self.result.image else "ENTRYPOINT or CMD"
        if not self.result.image or not self.result.entrypoint + self.result.cmd:
            raise UnsupportedInstructionError(self.result.path, self._current.line, "end of the file", missing)
        if self._unused:
            text = f"--build-arg {' '.join(sorted(self._unused))}"
            raise UnsupportedInstructionError(self.result.path, self._current.line, text, "arguments named by an ARG")
        return self.result

    def _unsupported(self, expected: str) -> UnsupportedInstructionError:
        return UnsupportedInstructionError(self.result.path, self._current.line, str(self._current), expected)

    def _words(self, rest: str, expected: str) -> list[str]:
        try:
            found = words(rest, self.args | self.result.env)
        except WordError as error:
            raise self._unsupported(f"{expected} ({error})") from error
        if not found:
            raise self._unsupported(expected)
        return found

    def _word(self, rest: str, expected: str) -> str:
        found = self._words(rest, expected)
        if len(found) != 1:
            raise self._unsupported(expected)
        return found[0]

    def _absolute(self, path: str) -> str:
        return "/" + posixpath.normpath(posixpath.join(self.result.workdir, path)).lstrip("/")

    def _from(self, rest: str) -> None:
        expected = "one FROM python:3.X[.Y][-slim][-bullseye|-bookworm|-trixie] [AS name]"
        image = self._words(rest, expected)
        found = BASE.fullmatch(image[0])
        named = len(image) == 3 and image[1].upper() == "AS"
        if self.result.image or found is None or not (named or len(image) == 1):
            raise self._unsupported(expected)
        self.result.image, self.result.python = image[0], found["version"]
        self.args = {}  # an ARG before FROM serves FROM alone

    def _workdir(self, rest: str) -> None:
        self.result.workdir = self._absolute(self._word(rest, "WORKDIR FOLDER"))
        self.result.steps.append(Folder(self.result.workdir))

    def _copy(self, rest: str) -> None:
        expected = "COPY SOURCE... DESTINATION without options"
        listed = self._json_list(rest, expected) if rest.startswith("[") else self._words(rest, expected)
        if len(listed) < 2 or any(word.startswith(("--", "<<")) for word in listed):
            raise self._unsupported(expected)
        *sources, destination = listed
        folder = destination.endswith("/") or posixpath.basename(destination) in (".", "..")
        if len(sources) > 1 and not folder:
            raise self._unsupported("a destination that ends in / for several sources")
        target = self._absolute(destination)
        self.result.steps.append(
            Copy(self._current.line, tuple(sources), target.rstrip("/") + "/" if folder else target)
        )

    def _env(self, rest: str) -> None:
        self.result.env |= self._pairs(rest, "ENV NAME=VALUE ...")

    def _label(self, rest: str) -> None:
        self.result.labels |= self._pairs(rest, "LABEL NAME=VALUE ...")

    def _pairs(self, rest: str, expected: str) -> dict[str, str]:
        found: dict[str, str] = {}
        position = 0
        while position < len(rest):
            pair = PAIR.match(rest, position)
            if pair is None:
                raise self._unsupported(expected)
            found[pair["name"]] = self._word(pair["value"], expected) if pair["value"] else ""
            position = pair.end()
        if not found:
            raise self._unsupported(expected)
        return found

    def _arg(self, rest: str) -> None:
        name, _, default = rest.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise self._unsupported("ARG NAME[=DEFAULT]")
        value = self._word(default, "ARG NAME=DEFAULT") if default else ""
        self.args[name] = self._build_args.get(name, value)
        self._unused.discard(name)

    def _expose(self, rest: str) -> None:
        ports = self._words(rest, "EXPOSE PORT ...")
        if not all(re.fullmatch(r"\d{1,5}(/tcp)?", port) for port in ports):
            raise self._unsupported("EXPOSE PORT[/tcp] ...")
        self.result.ports += [port.removesuffix("/tcp") for port in ports]

    def _user(self, rest: str) -> None:
        self.result.user = self._word(rest, "USER NAME")

    def _run(self, rest: str) -> None:
        settings = {name for name in self.result.env | self.args if name.startswith(("PIP_", "UV_"))} - HARMLESS
        if settings:
            raise self._unsupported(f"no {', '.join(sorted(settings))}: this machine's registries are used")
        command = pip.parse(self._words(rest, pip.SUPPORTED))
        if command is None:
            raise self._unsupported(pip.SUPPORTED)
        files = tuple(self._absolute(name) for name in command.requirements)
        absolute = pip.Install(files, command.pins, command.require_hashes, command.no_deps)
        self.result.steps.append(Install(self._current.line, absolute))

    def _entrypoint(self, rest: str) -> None:
        self.result.entrypoint = self._json_list(rest, 'ENTRYPOINT in exec form: ["program", "argument"]')

    def _cmd(self, rest: str) -> None:
        self.result.cmd = self._json_list(rest, 'CMD in exec form: ["program", "argument"]')

    def _json_list(self, rest: str, expected: str) -> list[str]:
        try:
            found = json.loads(rest)
        except ValueError as error:
            raise self._unsupported(expected) from error
        if not isinstance(found, list) or not all(isinstance(word, str) for word in found):
            raise self._unsupported(expected)
        return found
