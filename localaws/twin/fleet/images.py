"""Container images: resolved in ECR, if the role may pull them."""

import re
from collections.abc import Callable
from typing import NamedTuple

from ministack.core.responses import request_scope
from ministack.services import ecr

from localaws.settings import REGION
from localaws.twin.errors import LaunchError

_URI = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?")
MayPull = Callable[[str, str, str | None], bool]


class ResolvedImage(NamedTuple):
    """An image reference and the digest it meant."""

    specified: str
    resolved: str
    digest: str


class Registry:
    """ECR as endpoints see it: across accounts only what a repository's policy shares."""

    def __init__(self, may_pull: MayPull) -> None:
        self._may_pull = may_pull

    def resolve(self, uri: str, role_arn: str) -> ResolvedImage:
        """Return what an image reference means now, if the role may pull it."""
        found = _URI.fullmatch(uri)
        if not found or found.group(2) != REGION:
            raise LaunchError(f"The image {uri} is not in Amazon ECR in {REGION}.")
        account, _, repository, tag, digest = found.groups()
        wanted = {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}
        with request_scope(account, REGION):
            exists = repository in ecr._repositories
            policy = ecr._repo_policies.get(repository) if exists else None
            image = ecr._find_image(repository, wanted) if exists else None
        arn = f"arn:aws:ecr:{REGION}:{account}:repository/{repository}"
        if not exists or not self._may_pull(role_arn, arn, policy):
            raise LaunchError(f"The role {role_arn} does not have BatchGetImage permission for the image: {uri}.")
        if image is None:
            raise LaunchError(f"Requested image {uri} not found.")
        host = uri.partition("/")[0]
        return ResolvedImage(uri, f"{host}/{repository}@{image['imageDigest']}", image["imageDigest"])
