"""Nothing local leaks into the product, nothing of a registry into the locks, nothing of one machine into anything."""

import re
from pathlib import Path

import pytest

from tests.contract.machines import ROOT

PRODUCT = [
    *sorted((ROOT / "layers").glob("**/*.py")),
    *sorted((ROOT / "functions").glob("**/*.py")),
    *sorted((ROOT / "statemachines").glob("*.yaml")),
    *sorted((ROOT / "stacks").glob("*.yaml")),
    ROOT / "template.yaml",
    ROOT / "samconfig.toml",
]
LOCKS = [
    *sorted((ROOT / "layers").glob("*/requirements.txt")),
    *sorted((ROOT / "requirements").glob("*.txt")),
    *sorted((ROOT / "services").glob("**/requirements.txt")),
    ROOT / "localaws" / "requirements.txt",
]
LOCAL = re.compile(r"localaws|ministack|localhost|127\.0\.0\.1|0\.0\.0\.0|::1\b", re.IGNORECASE)
HOST = re.compile(r"https?://|--index-url|--extra-index-url|--find-links|\.org\b|\.com\b|\.io\b", re.IGNORECASE)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_the_product_knows_nothing_of_the_embedded_aws(path: Path) -> None:
    assert not LOCAL.search(path.read_text())


@pytest.mark.parametrize("path", LOCKS, ids=relative)
def test_a_lock_names_no_host_and_hashes_everything(path: Path) -> None:
    text = path.read_text()
    assert not HOST.search(text)
    requirements = re.findall(r"^([A-Za-z0-9][^ \n]*==[^ \n]+)( \\)?$", text, re.MULTILINE)
    assert requirements
    assert all(continued for _, continued in requirements)
    assert text.count("--hash=sha256:") >= len(requirements)


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_no_account_is_written_into_the_product(path: Path) -> None:
    assert not re.search(r"\b\d{12}\b", path.read_text())
