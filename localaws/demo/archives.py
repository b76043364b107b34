"""The four model archives of the demonstration."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from localaws.demo.installation import ROOT, DemoError

PACKAGING = ROOT / ".packaging" / "bin" / "python"
BUILD = ROOT / "services" / "text-embedding" / "packaging" / "build.py"
REVISIONS = BUILD.parent / "revisions"
EXPORT = REVISIONS / "int8-tokenizer" / "export_tokenizer.py"
TOKENIZER = ROOT / "build" / "demo" / "archives" / "tokenizer.json"


class Version(NamedTuple):
    """One version of the model, and how its release ends."""

    name: str
    what: str
    arguments: list[str]
    ends: str
    error: str | None


VERSIONS = [
    Version("v1", "MiniLM on ONNX Runtime, fp32", ["--variant", "fp32"], "promoted", None),
    Version("v2", "the same in true int8, about twice as fast", ["--variant", "int8"], "promoted", None),
    Version(
        "v3",
        "int8, but its code lost the truncation of long texts",
        ["--variant", "int8", "--code", str(REVISIONS / "int8-untruncated")],
        "rolled_back",
        "CanaryRefusedError",
    ),
    Version(
        "v4",
        "int8, but with a broken tokenizer",
        ["--variant", "int8", "--tokenizer", str(TOKENIZER)],
        "rejected",
        "ContractTestFailedError",
    ),
]


def build_archives(folder: Path) -> dict[str, Path]:
    """Build the archive of each version."""
    folder.mkdir(parents=True, exist_ok=True)
    _package([str(EXPORT), "--output", str(TOKENIZER)])
    return {version.name: _build(version, folder) for version in VERSIONS}


def _build(version: Version, folder: Path) -> Path:
    path = folder / f"{version.name}.tar.gz"
    _package([str(BUILD), *version.arguments, "--output", str(path)])
    return path


def _package(command: list[str]) -> None:
    done = subprocess.run([str(PACKAGING), *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"{' '.join(command)} failed: {done.stderr.strip()[-1000:]}")
