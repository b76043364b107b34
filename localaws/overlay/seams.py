"""Where the overlay meets ministack: every private name it touches, checked before anything is replaced."""

import importlib
import inspect


class SeamError(Exception):
    """ministack is not the version the overlay was written for."""


def verify(seams: dict[str, dict[str, str | None]]) -> None:
    """Check that every name exists and every function has the signature the overlay calls it by."""
    for module_name, names in seams.items():
        module = importlib.import_module(module_name)
        for name, expected in names.items():
            found = signature(module, name)
            if expected is not None and found != expected:
                raise SeamError(f"{module_name}.{name}: expected {expected}, found {found}")


def signature(module: object, name: str) -> str | None:
    """Return a function's parameters without their types, None for anything else; SeamError if it is not there."""
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise SeamError(f"{getattr(module, '__name__', module)}.{name}: expected, not found")
        found = getattr(found, part)
    if not inspect.isfunction(found):
        return None
    parameters = [p.replace(annotation=p.empty) for p in inspect.signature(found).parameters.values()]
    return str(inspect.Signature(parameters))


def replace_fragment(text: str, fragment: str, replacement: str) -> str:
    """Replace a fragment of source text that must occur exactly once."""
    if text.count(fragment) != 1:
        raise SeamError(f"expected once, found {text.count(fragment)} times: {fragment.strip()!r}")
    return text.replace(fragment, replacement)
