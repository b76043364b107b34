"""Service models' regular expressions (Java's dialect) as Python's."""

import functools
import re
import sys
import unicodedata

_CATEGORY = re.compile(r"\\p\{(\w+)\}")
_SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
_ASTRAL = r"\U00010000-\U0010FFFF"


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Translate a model's pattern; values have to match it whole."""
    python = pattern.replace(_SURROGATES, _ASTRAL)
    python = re.sub(r"\$\{\d+,\d+\}$", "$", python)
    return re.compile(_expand_categories(python), re.DOTALL if python == ".*" else 0)


def _expand_categories(pattern: str) -> str:
    """Write character categories out as ranges, inside and outside of brackets."""
    parts, depth, position = [], 0, 0
    for found in _CATEGORY.finditer(pattern):
        before = pattern[position : found.start()]
        depth += len(re.findall(r"(?<!\\)\[", before)) - len(re.findall(r"(?<!\\)\]", before))
        ranges = _ranges(found.group(1))
        parts += [before, ranges if depth > 0 else f"[{ranges}]"]
        position = found.end()
    return "".join([*parts, pattern[position:]])


@functools.cache
def _ranges(name: str) -> str:
    """Return the ranges of a category for use inside brackets."""
    if name in ("ASCII", "Print"):
        return r"\x00-\x7f" if name == "ASCII" else r"\x20-\x7e"
    ranges: list[list[int]] = []
    for point in range(sys.maxunicode + 1):
        if unicodedata.category(chr(point))[0] != name:
            continue
        if ranges and ranges[-1][1] == point - 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
