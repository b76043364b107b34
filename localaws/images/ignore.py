"""Leaves out of the build context what .dockerignore names."""

import posixpath
import re
from pathlib import Path

TOKENS = re.compile(r"(?P<any>\*\*/?)|(?P<star>\*)|(?P<one>\?)|(?P<set>\[[^\]]+\])|(?P<text>.)", re.DOTALL)


class IgnoreRules:
    """The patterns of one .dockerignore; the last that matches a path or one of its folders decides."""

    def __init__(self, lines: list[str]) -> None:
        self._rules = [_rule(line.strip()) for line in lines if line.strip() and not line.startswith("#")]

    @classmethod
    def of(cls, context: Path) -> "IgnoreRules":
        """Read the context's .dockerignore, if it has one."""
        path = context / ".dockerignore"
        return cls(path.read_text(encoding="utf-8").splitlines() if path.is_file() else [])

    def ignores(self, path: str) -> bool:
        """Tell whether a path relative to the context is left out."""
        verdict = False
        for left_out, pattern in self._rules:
            if pattern.fullmatch(path):
                verdict = left_out
        return verdict


def _rule(line: str) -> tuple[bool, re.Pattern[str]]:
    left_out = not line.startswith("!")
    text = posixpath.normpath(line.removeprefix("!").strip()).lstrip("/")
    parts = [_translated(token) for token in TOKENS.finditer(text)]
    return left_out, re.compile("".join(parts) + "(?:/.*)?")


def _translated(token: re.Match[str]) -> str:
    if token["any"]:
        return "(?:.*/)?" if token["any"].endswith("/") else ".*"
    if token["set"]:
        return token["set"]
    return "[^/]*" if token["star"] else "[^/]" if token["one"] else re.escape(token["text"])
