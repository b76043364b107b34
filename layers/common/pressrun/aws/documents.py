"""Reads what was pinned for a release."""

from typing import Self

from botocore.exceptions import ClientError

from pressrun.aws.artifacts import Artifacts
from pressrun.aws.evidence import Evidence
from pressrun.aws.specs import Specs
from pressrun.deployment.documents import Pinned
from pressrun.errors import InvalidInputError
from pressrun.release.manifest import Manifest
from pressrun.validation import parse


class Documents:
    """A release's documents in the artefact bucket."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts
        self._evidence = Evidence(artifacts)

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own bucket."""
        return cls(Artifacts.here())

    def pinned(self, release_id: str) -> Pinned:
        """Return manifest and spec of a release."""
        manifest = parse(Manifest, self._evidence.get(release_id, "manifest"))
        return Pinned(manifest=manifest, spec=Specs(self._artifacts).load(manifest.spec.key))

    def image(self, release_id: str) -> str:
        """Return the container image of a release, by digest."""
        return str(self._evidence.get(release_id, "image")["uri"])

    def image_digest(self, release_id: str) -> str | None:
        """Return the digest of a release's image, or None for a release that never had its image found."""
        try:
            return self.image(release_id).partition("@")[2] or None
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise

    def read(self, key: str) -> str:
        """Return a published file as text.

        Raises:
            InvalidInputError: there is none, or it is not UTF-8.
        """
        found = self._artifacts.read_if_there(key)
        if found is None:
            raise InvalidInputError(f"{key} was not published, expected it beside the spec")
        try:
            return found.decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{key} is not UTF-8: {error.reason} at byte {error.start}") from None
