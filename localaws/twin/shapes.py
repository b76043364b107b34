"""Checks requests and answers against botocore's service models, bounds, patterns and enumerations included."""

import functools
from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from localaws.twin.errors import invalid
from localaws.twin.patterns import compiled

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float),
    "blob": (str,),
}


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Load botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def check_input(shape: Shape | None, params: dict[str, Any]) -> None:
    """Refuse a request that breaks its model, in AWS's words."""
    found = list(problems(shape, params)) if shape else []
    if found:
        noun = "validation error" if len(found) == 1 else "validation errors"
        raise invalid(f"{len(found)} {noun} detected: {'; '.join(found)}")


def problems(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Yield what is wrong with a value."""
    if not _fits(shape, value):
        yield _failed(value, path, f"Member must be of type {shape.type_name}")
    elif isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size_problems(shape, len(value), value, path)
        for index, item in enumerate(value, start=1):
            yield from problems(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        yield from _size_problems(shape, len(value), value, path)
        for key, item in value.items():
            yield from problems(shape.key, key, f"{path}.key")
            yield from problems(shape.value, item, f"{path}.{key}.value")
    else:
        yield from _scalar_problems(shape, value, path)


def _fits(shape: Shape, value: Any) -> bool:
    """Tell whether a value has a shape's type; a boolean is no number."""
    allowed = _TYPES[shape.type_name]
    return isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))


def _structure_problems(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    """Yield missing and unknown members, then what is wrong in the members."""
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed(None, _member_path(path, name), "Member must not be null")
    for name, item in value.items():
        if name not in shape.members:
            yield f"Unknown parameter {name!r} at {path or 'the request'!r}"
        elif item is not None:
            yield from problems(shape.members[name], item, _member_path(path, name))


def _scalar_problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a string or a number."""
    if isinstance(value, str):
        yield from _size_problems(shape, len(value), value, path)
        enum = shape.enum if isinstance(shape, StringShape) else []
        if enum and value not in enum:
            yield _failed(value, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not compiled(pattern).fullmatch(value):
            yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    elif not isinstance(value, bool):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _failed(value, path, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _failed(value, path, f"Member must have value less than or equal to {high}")


def _size_problems(shape: Shape, size: int, value: Any, path: str) -> Iterator[str]:
    """Yield a length out of bounds."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _failed(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and size > high:
        yield _failed(value, path, f"Member must have length less than or equal to {high}")


def _failed(value: Any, path: str, constraint: str) -> str:
    """Phrase one broken constraint."""
    shown = "null" if value is None else repr(str(value)[:200])
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _member_path(path: str, name: str) -> str:
    """Append a member as AWS spells paths."""
    return f"{path}{'.' if path else ''}{name[0].lower()}{name[1:]}"
