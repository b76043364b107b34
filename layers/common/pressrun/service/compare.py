"""Comparing a model's answer with the golden set's."""

import json
import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from pressrun.service.spec import Comparator

Vector = list[float]

_SHOWN_CHARACTERS = 120


def difference(comparator: Comparator, expected: Any, found: Any) -> str | None:
    """Say how an answer differs from the expected one, with the numbers; None where it does not."""
    if comparator.kind == "embedding_cosine":
        return _vectors_differ(expected, found, comparator.min_cosine)
    if comparator.kind == "rank_order":
        return _ranks_differ(expected, found, comparator.top_k, comparator.min_kendall_tau)
    return None if expected == found else f"answer {_shown(found)}, expected {_shown(expected)}"


def cosine(a: Vector, b: Vector) -> float:
    """Return the cosine of two vectors of one length; 0 where one of them is zero."""
    length = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(y * y for y in b))
    return math.fsum(x * y for x, y in zip(a, b, strict=True)) / length if length else 0.0


def kendall_tau(expected: list[Any], found: list[Any]) -> float:
    """Return how far two rankings agree on the order of the expected items.

    tau = (pairs in the same order - pairs in the other order) / pairs

    Items that were not found stand behind all others; two of them are in no order, hence count as 0.

    Args:
        expected: at least two different items, best first.
        found: items, best first.

    Source: Kendall, A new measure of rank correlation, Biometrika 1938.
    """
    last = len(found)
    place = {item: number for number, item in reversed(list(enumerate(found)))}
    pairs = list(combinations(expected, 2))
    agreement: int = sum(
        (place.get(first, last) < place.get(second, last)) - (place.get(first, last) > place.get(second, last))
        for first, second in pairs
    )
    return agreement / len(pairs)


def _vectors_differ(expected: Any, found: Any, min_cosine: float) -> str | None:
    wanted, given = list(_vectors(expected)), list(_vectors(found))
    if len(wanted) != len(given) or not wanted:
        return f"{len(given)} vectors in {_shown(found)}, expected {len(wanted)}"
    for number, (a, b) in enumerate(zip(wanted, given, strict=True)):
        if len(a) != len(b):
            return f"vector {number} has {len(b)} dimensions, expected {len(a)}"
        similarity = cosine(a, b)
        if not similarity >= min_cosine:
            return f"cosine {similarity:.4f} of vector {number}, expected at least {min_cosine:g}"
    return None


def _vectors(document: Any) -> Iterator[Vector]:
    """Yield every list of numbers of a document, in the order of keys and places."""
    if isinstance(document, dict):
        for key in sorted(document):
            yield from _vectors(document[key])
    elif isinstance(document, list):
        if len(document) > 1 and all(_is_number(value) for value in document):
            yield [float(value) for value in document]
        else:
            for value in document:
                yield from _vectors(value)


def _ranks_differ(expected: Any, found: Any, top_k: int, min_tau: float) -> str | None:
    given, wanted = _ids(found), (_ids(expected) or [])[:top_k]
    if given is None or len(wanted) < 2:
        return f"no ranking in {_shown(found if given is None else expected)}, expected a list of at least two ids"
    tau = kendall_tau(wanted, given)
    return None if tau >= min_tau else f"Kendall's tau {tau:.3f} of the first {len(wanted)}, expected {min_tau:g}"


def _ids(document: Any) -> list[Any] | None:
    """Return the ranking of a document: the first list of ids, or of objects with an ``id``."""
    if isinstance(document, list):
        ids = [value.get("id") if isinstance(value, dict) else value for value in document]
        return ids if all(isinstance(value, (str, int)) for value in ids) else None
    if isinstance(document, dict):
        rankings = (_ids(document[key]) for key in sorted(document))
        return next((ranking for ranking in rankings if ranking is not None), None)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
