"""Which names of ministack the overlay uses, read from its own source."""

import ast
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


def names(folder: Path = FOLDER) -> dict[str, set[str]]:
    """Return every name of ministack that a folder's modules touch, by module."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        for module, name in _uses(ast.parse(path.read_text())):
            found.setdefault(module, set()).add(name)
    return found


def _uses(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield each name of ministack one module touches, with the module it belongs to."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack"):
            for alias in node.names:
                dotted = f"{node.module}.{alias.name}"
                if _is_module(dotted):
                    modules[alias.asname or alias.name] = dotted
                else:
                    yield str(node.module), alias.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield modules[node.value.id], node.attr
        if isinstance(node, ast.Attribute) and ast.unparse(node).count(".") == 2:
            module, of_class, name = ast.unparse(node).split(".")
            if module in modules and of_class[:1].isupper():
                yield modules[module], f"{of_class}.{name}"


def _is_module(dotted: str) -> bool:
    """Tell modules of ministack from names in them: modules stand below these packages."""
    package, _, name = dotted.rpartition(".")
    return (
        package in ("ministack", "ministack.core", "ministack.services", "ministack.services.cloudformation")
        and name.islower()
    )
