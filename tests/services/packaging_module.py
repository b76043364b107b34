"""The packaging scripts' modules that need the standard library only, loaded from their folder."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

PACKAGING = Path(__file__).parents[2] / "services" / "text-embedding" / "packaging"


def load(name: str) -> ModuleType:
    """Load a module; no other module is found by its name afterwards."""
    spec = importlib.util.spec_from_file_location(f"text_embedding_packaging_{name}", PACKAGING / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
