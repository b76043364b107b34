"""Container images in ECR."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session
from pressrun.errors import ImageBuildError, ModelPackageError

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

_URI = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com)/(?P<name>[a-z0-9._/-]+)"
    r"(?:@(?P<digest>sha256:[0-9a-fA-F]{64})|:(?P<tag>[\w][\w.-]{0,127}))?"
)


class ImageUri(NamedTuple):
    """The parts of an image's address."""

    registry: str
    account: str
    name: str
    digest: str | None
    tag: str | None

    @property
    def repository(self) -> str:
        """Registry and repository, without tag or digest."""
        return f"{self.registry}/{self.name}"


def parse_uri(uri: str) -> ImageUri:
    """Split an ECR image address.

    Raises:
        ModelPackageError: it is not one.
    """
    found = _URI.fullmatch(uri)
    if not found:
        raise ModelPackageError(
            f"image {uri!r} is no ECR address, expected <account>.dkr.ecr.<region>.amazonaws.com/<repository>"
        )
    digest = found["digest"]
    return ImageUri(found["registry"], found["account"], found["name"], digest and digest.lower(), found["tag"])


class Images:
    """Images of the tools account's repositories."""

    def __init__(self, client: ECRClient) -> None:
        self._client = client

    @classmethod
    def here(cls) -> Self:
        """Reach the registry of the function's own account."""
        return cls(own_session().client("ecr"))

    def digest_of(self, image: ImageUri, *, tag: str | None = None, digest: str | None = None) -> str | None:
        """Return the digest that a tag means now, or the digest itself if it is there; None where there is none."""
        wanted = {"imageTag": tag} if tag else {"imageDigest": digest or ""}
        try:
            answer = self._client.describe_images(
                registryId=image.account,
                repositoryName=image.name,
                imageIds=[wanted],  # type: ignore[list-item]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ImageNotFoundException":
                return None
            if error.response["Error"]["Code"] == "RepositoryNotFoundException":
                raise ImageBuildError(f"ECR repository {image.repository!r} does not exist") from error
            raise
        return answer["imageDetails"][0]["imageDigest"]
