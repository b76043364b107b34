"""The SAM transform, given the operation's parameters: ministack transforms with the template's defaults alone."""

from collections.abc import Iterable
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers

_apply = engine._apply_transforms


def install() -> None:
    """Replace the transform wherever a stack operation starts."""
    for module in (engine, changesets, handlers):
        module._apply_transforms = apply_transforms


def apply_transforms(template: dict[str, Any], provided: Any = None, previous: Any = None) -> Any:
    """Transform a template in which every given parameter is its own default, and give the defaults back."""
    declared = template.get("Parameters") or {}
    given = {name: value for name, value in _values(provided, previous).items() if name in declared}
    parameters = {
        name: {**parameter, "Default": given[name]} if name in given else parameter
        for name, parameter in declared.items()
    }
    transformed = _apply({**template, "Parameters": parameters} if declared else template, provided, previous)
    if declared and isinstance(transformed, dict):
        transformed["Parameters"] = declared
    return transformed


def _values(provided: Iterable[dict[str, Any]] | None, previous: Any) -> dict[str, str]:
    """Return the parameters an operation was given; one to keep has the value the stack has."""
    kept = previous or {}
    found = {}
    for entry in provided or []:
        key = entry.get("Key") or entry.get("ParameterKey")
        if str(entry.get("UsePreviousValue", "")).lower() == "true":
            before = kept.get(key)
            found[key] = before["Value"] if isinstance(before, dict) else before
        else:
            found[key] = entry.get("Value", entry.get("ParameterValue", ""))
    return {str(key): value for key, value in found.items() if key and value is not None}
