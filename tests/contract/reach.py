"""What a handler can reach: the adapters it names, the adapters those name, and so on."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.contract.machines import ROOT

AWS = ROOT / "layers" / "common" / "pressrun" / "aws"

Node = tuple[str, str]  # module, class or function


@cache
def adapters() -> dict[Node, ast.AST]:
    """Return every class and function of the adapters."""
    found: dict[Node, ast.AST] = {}
    for path in AWS.glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                found[(path.stem, node.name)] = node
    return found


@cache
def named_in(path: Path) -> dict[str, Node]:
    """Return the adapters a file can name, by the name it uses for them."""
    tree = ast.parse(path.read_text())
    found = {name: (module, name) for module, name in adapters() if path.parent == AWS and module == path.stem}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pressrun.aws."):
            module = (node.module or "").rsplit(".", 1)[-1]
            found |= {alias.asname or alias.name: (module, alias.name) for alias in node.names}
    return found


def reached_by(handler: Path) -> set[Node]:
    """Return every adapter a handler can reach."""
    known = named_in(handler)
    ahead = [known[name] for name in _names(ast.parse(handler.read_text())) if name in known]
    found: set[Node] = set()
    while ahead:
        node = ahead.pop()
        if node in found or node not in adapters():
            continue
        found.add(node)
        names = named_in(AWS / f"{node[0]}.py")
        ahead += [names[name] for name in _names(_calls_only(adapters()[node])) if name in names]
    return found


def _calls_only(node: ast.AST) -> ast.AST:
    """Return the tree without annotations: a type alone reaches nothing."""
    for part in ast.walk(node):
        if isinstance(part, ast.arg):
            part.annotation = None
        elif isinstance(part, ast.FunctionDef):
            part.returns = None
    return node


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
