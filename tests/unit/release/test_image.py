import pytest

from pressrun.errors import ImageBuildError
from pressrun.release.image import resolve
from pressrun.release.manifest import PinnedImage

REPOSITORY = "111111111111.dkr.ecr.us-east-1.amazonaws.com/pressrun/reranking"
DIGEST = "sha256:" + "d" * 64
SOURCE = "5" * 64


def test_an_image_pinned_by_digest_is_ready_when_it_is_there() -> None:
    found = resolve(
        PinnedImage(repository=REPOSITORY, digest=DIGEST), lambda _, digest: digest, bucket="b", built=False
    )
    assert (found.state, found.uri) == ("ready", f"{REPOSITORY}@{DIGEST}")


def test_an_image_that_is_gone_is_an_error() -> None:
    with pytest.raises(ImageBuildError, match="is not in ECR any more"):
        resolve(PinnedImage(repository=REPOSITORY, digest=DIGEST), lambda _, __: None, bucket="b", built=False)


def test_sources_that_were_built_before_are_looked_up() -> None:
    pinned = PinnedImage(repository=REPOSITORY, source_sha256=SOURCE)
    found = resolve(pinned, lambda tag, _: DIGEST if tag == f"src-{SOURCE}" else None, bucket="b", built=False)
    assert found.uri == f"{REPOSITORY}@{DIGEST}"


def test_sources_that_were_never_built_are_built() -> None:
    pinned = PinnedImage(repository=REPOSITORY, source_sha256=SOURCE)
    found = resolve(pinned, lambda _, __: None, bucket="b", built=False)
    assert found.state == "build"
    assert found.source_location == f"b/sources/{SOURCE}.zip"
    assert found.image_uri == f"{REPOSITORY}:src-{SOURCE}"


def test_a_build_that_left_no_image_does_not_go_round_for_ever() -> None:
    pinned = PinnedImage(repository=REPOSITORY, source_sha256=SOURCE)
    with pytest.raises(ImageBuildError, match="the build succeeded, but"):
        resolve(pinned, lambda _, __: None, bucket="b", built=True)
