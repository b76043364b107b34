"""Packages and specs that cannot be released end with a named error, and nothing is touched."""

import json
import tarfile
from typing import Any

import pytest

from pressrun.canonical import canonical
from tests.integration.command_line import pressrun
from tests.integration.product import Echo, Product, packed, publish
from tests.integration.standing import failure, serving


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type, found.linkname = kind, target
    return found


BAD_ARCHIVES = {
    "no archive": (b"weights", "is not a gzipped tar"),
    "cut off": (packed({"model.txt": bytes(range(256)) * 64})[:-20], "is not a gzipped tar"),
    "empty": (packed({}), "is empty, expected a model"),
    "symbolic link": (packed({}, member("model.txt", tarfile.SYMTYPE, "/etc/passwd")), "holds 'model.txt', a link"),
    "hard link": (packed({}, member("model.txt", tarfile.LNKTYPE, "other")), "expected files and folders only"),
    "way out": (packed({}, member("../model.txt")), "holds '../model.txt', expected paths inside the archive"),
}


def rejected(live: Echo, release_id: str, before: dict[str, str]) -> dict[str, Any]:
    """Return why a release ended that never had an execution's effect on any endpoint."""
    found = failure(live, release_id)
    assert live.product.release(release_id)["status"] == "rejected"
    assert live.product.release(release_id)["stages_touched"] == []
    assert serving(live) == before
    return found


@pytest.mark.parametrize("kind", list(BAD_ARCHIVES))
def test_an_archive_that_must_not_be_unpacked_is_named(live: Echo, kind: str) -> None:
    archive, told = BAD_ARCHIVES[kind]
    before = serving(live)
    found = rejected(live, live.approve(archive=archive), before)
    assert (found["error"], found["stage"]) == ("ArchiveError", "open")
    assert f"packages/{live.name}/" in found["cause"]
    assert told in found["cause"]


def test_a_package_without_an_image_is_named(live: Echo) -> None:
    before = serving(live)
    specification = {"Containers": [{"ModelDataUrl": "s3://anywhere/model.tar.gz"}]}
    found = rejected(live, live.approve(InferenceSpecification=specification), before)
    assert found["error"] == "ModelPackageError"
    assert f"model-package/{live.name}/" in found["cause"]
    assert "names no container image, expected one in ECR" in found["cause"]


def test_an_image_that_was_never_pushed_is_named(live: Echo) -> None:
    before = serving(live)
    image = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/pressrun/{live.name}:nine"
    specification = {"Containers": [{"Image": image, "ModelDataUrl": "s3://anywhere/model.tar.gz"}]}
    found = rejected(live, live.approve(InferenceSpecification=specification), before)
    assert found["error"] == "ModelPackageError"
    assert f"pressrun/{live.name}:nine of arn:aws:sagemaker" in found["cause"]
    assert "is not in ECR" in found["cause"]


def test_a_package_of_no_service_is_named(product: Product, live: Echo) -> None:
    before = serving(live)
    stranger = Echo(product, f"{live.name}-stranger", {})
    product.client("sagemaker").create_model_package_group(ModelPackageGroupName=stranger.name)
    release_id = stranger.approve()
    found = failure(stranger, release_id)
    assert found["error"] == "UnknownServiceError"
    assert f"service '{stranger.name}' has no published spec" in found["cause"]
    assert release_id in {each["release_id"] for each in pressrun(product, "releases")}
    assert serving(live) == before


BAD_DOCUMENTS = {
    "golden set that does not parse": ("golden.jsonl", b'{"id": "one", "request": {', "GoldenSetError", "line 1"),
    "golden set with an unknown key": (
        "golden.jsonl",
        b'{"id": "one", "request": 1, "expected": 1}\n{"id": "two", "request": 1, "expect": 1}',
        "GoldenSetError",
        "line 2: expect: Extra inputs are not permitted",
    ),
    "golden set without a case": ("golden.jsonl", b"\n", "GoldenSetError", "holds no case, expected at least one"),
    "load samples that do not parse": ("load.jsonl", b"[]", "InvalidInputError", "load samples, line 1"),
}


@pytest.mark.parametrize("kind", list(BAD_DOCUMENTS))
def test_a_published_document_that_does_not_parse_is_named(live: Echo, kind: str) -> None:
    name, body, error, told = BAD_DOCUMENTS[kind]
    before = serving(live)
    publish(live, {**live.documents, name: body})
    try:
        found = rejected(live, live.approve(), before)
    finally:
        publish(live, live.documents)
    assert found["error"] == error
    assert told in found["cause"]


def test_a_published_spec_with_a_wrong_field_is_named(live: Echo) -> None:
    before = serving(live)
    spec = json.loads(live.documents["service.json"])
    spec["stages"]["qa"]["strategie"] = "replace"
    publish(live, {**live.documents, "service.json": canonical(spec)})
    try:
        found = rejected(live, live.approve(), before)
    finally:
        publish(live, live.documents)
    assert found["error"] == "InvalidInputError"
    assert "ServiceSpec: stages.qa.strategie: Extra inputs are not permitted" in found["cause"]
