from pathlib import Path

import pytest

from pressrun_cli.errors import CommandError
from pressrun_cli.spec_files import read_service

SPEC = """\
name: reranking
owner: search-team
slo: {p95_ms: 120, p99_ms: 250}
stages:
  prod:
    instances: {min: 2, max: 8}
"""


def service(folder: Path, spec: str = SPEC) -> Path:
    (folder / "golden").mkdir()
    (folder / "load").mkdir()
    (folder / "service.yaml").write_text(spec)
    (folder / "golden" / "cases.jsonl").write_text('{"id": "1", "request": {"q": "a"}, "expected": [1]}\n')
    (folder / "load" / "requests.jsonl").write_text('{"request": {"q": "a"}}\n')
    return folder


def test_defaults_make_a_short_spec_whole(tmp_path: Path) -> None:
    spec = read_service(service(tmp_path)).spec
    assert (spec.endpoint_name, spec.stages.prod.strategy, spec.stages.dev.strategy) == (
        "reranking",
        "weights",
        "replace",
    )
    assert spec.stages.prod.approval is not None


def test_an_unknown_key_is_named_with_its_file_and_line(tmp_path: Path) -> None:
    folder = service(tmp_path, SPEC + "    instance_type: ml.c6i.large\n")
    with pytest.raises(CommandError, match=r"service\.yaml:7: stages\.prod\.instance_type: Extra inputs"):
        read_service(folder)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    spec = SPEC.replace("name: reranking", "name: Reranking").replace("max: 8", "max: 1")
    with pytest.raises(CommandError) as refused:
        read_service(service(tmp_path, spec))
    told = str(refused.value).splitlines()
    assert [line.split(": ")[1] for line in told] == ["name", "stages.prod.instances"]


def test_a_golden_set_that_does_not_parse_names_its_line(tmp_path: Path) -> None:
    folder = service(tmp_path)
    with (folder / "golden" / "cases.jsonl").open("a") as cases:
        cases.write("{not json\n")
    with pytest.raises(CommandError, match="line 2"):
        read_service(folder)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = service(tmp_path)
    (folder / "load" / "requests.jsonl").unlink()
    with pytest.raises(CommandError, match=r"requests\.jsonl cannot be read: No such file"):
        read_service(folder)


def test_an_override_makes_a_revision_of_its_own(tmp_path: Path) -> None:
    folder = service(tmp_path)
    override = tmp_path / "short.yaml"
    override.write_text("rollout: {bake_seconds: 30}\n")
    plain, short = read_service(folder), read_service(folder, override)
    assert short.spec.rollout.bake_seconds == 30
    assert short.spec.slo == plain.spec.slo
    assert short.digest != plain.digest


def test_a_rollout_longer_than_an_execution_can_record_is_refused(tmp_path: Path) -> None:
    folder = service(tmp_path, SPEC + "rollout: {deadline_seconds: 7200}\n")
    with pytest.raises(CommandError, match="an execution records 25,000 events"):
        read_service(folder)
