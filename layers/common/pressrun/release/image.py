"""The image of a release: found by digest, or built once from pinned sources."""

from collections.abc import Callable
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from pressrun.errors import ImageBuildError
from pressrun.release.manifest import PinnedImage


class ResolveImage(BaseModel):
    """Find a release's image.

    Attributes:
        built: a build has just succeeded, so the image must be there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id"}

    release_id: str
    built: bool


class ResolvedImage(BaseModel):
    """An image by digest, or what a build of it needs."""

    model_config = ConfigDict(frozen=True)

    state: Literal["ready", "build"]
    uri: str | None = None
    source_location: str | None = None
    registry: str | None = None
    image_uri: str | None = None
    source_sha256: str | None = None


def resolve(
    image: PinnedImage, lookup: Callable[[str | None, str | None], str | None], *, bucket: str, built: bool
) -> ResolvedImage:
    """Find the image, or say how it is built: the sources' hash is the image's tag, so one source is built once.

    Args:
        image: as pinned.
        lookup: from (tag, digest) to the digest in the registry, or None.
        bucket: where sources lie.
        built: a build has just succeeded.

    Raises:
        ImageBuildError: the image is gone, or a successful build left none.
    """
    if image.digest:
        if lookup(None, image.digest) is None:
            raise ImageBuildError(f"image {image.repository}@{image.digest} is not in ECR any more")
        return ResolvedImage(state="ready", uri=f"{image.repository}@{image.digest}")
    tag = f"src-{image.source_sha256}"
    found = lookup(tag, None)
    if found:
        return ResolvedImage(state="ready", uri=f"{image.repository}@{found}")
    if built:
        raise ImageBuildError(f"the build succeeded, but {image.repository}:{tag} is not in ECR")
    return ResolvedImage(
        state="build",
        source_location=f"{bucket}/sources/{image.source_sha256}.zip",
        registry=image.repository.split("/", 1)[0],
        image_uri=f"{image.repository}:{tag}",
        source_sha256=image.source_sha256,
    )
