"""Evidence: what each step of a release proved, written once."""

import json
from typing import Any, Self

from pressrun.aws.artifacts import Artifacts
from pressrun.canonical import canonical, digest
from pressrun.errors import ReleaseChangedError


class Evidence:
    """Write-once documents of a release."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own evidence."""
        return cls(Artifacts.here())

    @staticmethod
    def key(release_id: str, name: str) -> str:
        """Return the key of a document."""
        return f"evidence/{release_id}/{name}.json"

    def put(self, release_id: str, name: str, document: dict[str, Any]) -> str:
        """Write a document and return its sha256; a repeated step finds the first one and keeps it.

        A step that runs twice measures twice, so its second document may differ: the first stands.
        """
        if self._artifacts.put_once(self.key(release_id, name), canonical(document)):
            return digest(document)
        return digest(self.get(release_id, name))

    def put_same(self, release_id: str, name: str, document: dict[str, Any]) -> str:
        """Write a document that must be the same whenever it is written.

        Raises:
            ReleaseChangedError: another document stands under this name.
        """
        found = self.put(release_id, name, document)
        if found != digest(document):
            raise ReleaseChangedError(
                f"evidence {name!r} of release {release_id!r} is {found}, expected {digest(document)}"
            )
        return found

    def get(self, release_id: str, name: str) -> dict[str, Any]:
        """Return a document."""
        document: dict[str, Any] = json.loads(self._artifacts.read(self.key(release_id, name)))
        return document

    def digests(self, release_id: str) -> dict[str, str]:
        """Return the sha256 of each of a release's documents, by name."""
        prefix = f"evidence/{release_id}/"
        keys = self._artifacts.keys(prefix)
        return {
            key.removeprefix(prefix).removesuffix(".json"): digest(json.loads(self._artifacts.read(key)))
            for key in keys
        }
