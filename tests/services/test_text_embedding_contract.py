import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from localaws.images.dockerfile import parse
from pressrun.service.spec import ServiceSpec

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "services" / "text-embedding"
SPEC = ServiceSpec.model_validate(yaml.safe_load((SERVICE / "service.yaml").read_text()))
SAMPLES = ["load/requests.jsonl", "traffic/short.jsonl", "traffic/long.jsonl"]


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SERVICE / name).read_text().splitlines()]


def fits(document: Any, schema: dict[str, Any] | None) -> bool:
    assert schema is not None
    return jsonschema.Draft202012Validator(schema).is_valid(document)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_fits_the_request_schema(name: str) -> None:
    assert [line for line in lines(name) if not fits(line["request"], SPEC.request_schema)] == []
    assert {line["content_type"] for line in lines(name)} <= set(SPEC.content_types)


def test_every_golden_answer_fits_the_response_schema_but_for_the_model_s_name() -> None:
    answers = [case["expected"] for case in lines(SPEC.golden_set.cases) if "expected" in case]
    assert [answer for answer in answers if not fits({**answer, "model": ""}, SPEC.response_schema)] == []


def test_the_golden_set_has_bad_requests_too() -> None:
    refused = [case for case in lines(SPEC.golden_set.cases) if "expected_status" in case]
    assert [(case["expected_status"], fits(case["request"], SPEC.request_schema)) for case in refused] == [(400, False)]


def test_golden_cases_have_distinct_ids_and_one_expectation_each() -> None:
    cases = lines(SPEC.golden_set.cases)
    assert len({case["id"] for case in cases}) == len(cases)
    assert all(("expected" in case) != ("expected_status" in case) for case in cases)


def test_the_golden_set_is_asked_about_the_recorded_sentences() -> None:
    sentences = (SERVICE / "golden" / "sentences.txt").read_text().splitlines()
    asked = [case["request"]["texts"] for case in lines(SPEC.golden_set.cases) if "expected" in case]
    assert asked[: len(sentences)] == [[sentence] for sentence in sentences]


def test_only_live_traffic_has_long_texts() -> None:
    longest = {name: max(len(line["request"]["texts"][0].split()) for line in lines(name)) for name in SAMPLES}
    assert longest["load/requests.jsonl"] <= 40
    assert longest["traffic/short.jsonl"] <= 40
    assert min(len(line["request"]["texts"][0].split()) for line in lines("traffic/long.jsonl")) > 512


def test_the_dockerfile_installs_nothing_but_its_lock() -> None:
    text = (SERVICE / "container" / "Dockerfile").read_text()
    instructions = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert {word for word, _ in instructions} == {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "EXPOSE", "ENTRYPOINT"}
    assert [rest for word, rest in instructions if word == "RUN"] == [
        "pip install --no-cache-dir --require-hashes -r requirements.txt"
    ]


def test_localaws_understands_the_dockerfile() -> None:
    assert parse(SERVICE / "container" / "Dockerfile").entrypoint == ["python", "-m", "pressrun_serving"]


def locked(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", path.read_text(), flags=re.MULTILINE))


def test_archives_are_tried_with_the_versions_that_the_container_runs() -> None:
    container = locked(SERVICE / "container" / "requirements.txt")
    packaging = locked(ROOT / "requirements" / "packaging.txt")
    assert container
    assert {name: packaging.get(name) for name in container} == container


@pytest.mark.parametrize("lock", ["services/text-embedding/container/requirements.txt", "requirements/packaging.txt"])
def test_a_lock_names_no_host_and_hashes_everything(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert len(re.findall(r"==\S+ \\\n +--hash=sha256:", text)) == len(locked(ROOT / lock))
