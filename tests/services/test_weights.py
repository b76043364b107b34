import hashlib
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType

import pytest

from tests.services.packaging_module import load

MARKER = "pytest/py.typed"


@pytest.fixture(scope="module")
def weights() -> ModuleType:
    return load("weights")


def test_a_file_with_the_expected_sha256_is_found(weights: ModuleType) -> None:
    place = Path(str(distribution("pytest").locate_file(MARKER)))
    expected = hashlib.sha256(place.read_bytes()).hexdigest()
    assert weights.WeightFile("pytest", MARKER, expected).locate() == place


def test_a_file_with_other_bytes_is_refused(weights: ModuleType) -> None:
    with pytest.raises(weights.WeightsError, match=rf"pytest/{MARKER} has sha256 [0-9a-f]{{64}}, expected 0000"):
        weights.WeightFile("pytest", MARKER, "0" * 64).locate()


def test_a_missing_file_is_named(weights: ModuleType) -> None:
    with pytest.raises(weights.WeightsError, match=r"has no file 'pytest/model\.onnx'"):
        weights.WeightFile("pytest", "pytest/model.onnx", "0" * 64).locate()


def test_a_missing_package_is_named(weights: ModuleType) -> None:
    with pytest.raises(weights.WeightsError, match=r"'no-such-weights' is not installed.*requirements/weights\.txt"):
        weights.WeightFile("no-such-weights", "model.onnx", "0" * 64).locate()
