"""Build the model archive of one variant.

Run in the packaging environment:
    python services/text-embedding/packaging/build.py --variant int8 --output build/text-embedding/int8.tar.gz
"""

import argparse
import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from archive import write_archive
from convert import convert
from weights import ENCODER, TOKENIZER, file_sha256

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[2] / "build" / "text-embedding" / "models"


def main() -> None:
    """Read the arguments, write the archive, print its place, size and sha256 as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variant", required=True, choices=["fp32", "int8"])
    parser.add_argument("--output", required=True, type=Path, help="where the model.tar.gz goes")
    parser.add_argument("--code", type=Path, default=HERE / "code", help="folder of inference.py (default: ours)")
    parser.add_argument("--tokenizer", type=Path, help="another tokenizer.json (default: the encoder's own)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where converted networks are kept")
    arguments = parser.parse_args()
    files = archive_files(arguments.variant, arguments.code, arguments.tokenizer, arguments.cache)
    write_archive(files, arguments.output)
    built = {"archive": str(arguments.output), "bytes": arguments.output.stat().st_size}
    print(json.dumps({**built, "sha256": file_sha256(arguments.output), "model": f"minilm-l6-v2-{arguments.variant}"}))


def archive_files(variant: str, code: Path, tokenizer: Path | None, cache: Path) -> dict[str, Path | bytes]:
    """Gather an archive's files: network, tokenizer, code, and the manifest of them all."""
    files: dict[str, Path | bytes] = {
        "model.onnx": convert(variant, ENCODER.locate(), cache),
        "tokenizer.json": tokenizer or TOKENIZER.locate(),
        **{f"code/{path.relative_to(code).as_posix()}": path for path in sorted(code.rglob("*.py"))},
    }
    if "code/inference.py" not in files:
        raise SystemExit(f"{code} has no inference.py")
    manifest = json.dumps(_manifest(variant, files), indent=2, sort_keys=True) + "\n"
    return {**files, "manifest.json": manifest.encode()}


def _manifest(variant: str, files: dict[str, Path | bytes]) -> dict[str, Any]:
    """Describe what is in the archive and what it was made from."""
    return {
        "model": f"minilm-l6-v2-{variant}",
        "vector_space": "minilm-l6-v2",
        "dimension": 384,
        "licence": "Apache-2.0",
        "made_from": [ENCODER.origin(), TOKENIZER.origin()],
        "made_with": {name: version(name) for name in ("numpy", "onnx", "onnxruntime")},
        "files": {name: _digest(source) for name, source in files.items()},
    }


def _digest(source: Path | bytes) -> str:
    return hashlib.sha256(source).hexdigest() if isinstance(source, bytes) else file_sha256(source)


if __name__ == "__main__":
    main()
