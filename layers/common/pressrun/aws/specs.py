"""Published specs: one folder a digest, one pointer to the newest, one to the service that owns a package group."""

import json
from typing import Self

from pressrun.aws.artifacts import Artifacts
from pressrun.errors import UnknownServiceError
from pressrun.service.spec import ServiceSpec
from pressrun.validation import parse


class Specs:
    """Specs in the artefact bucket."""

    def __init__(self, artifacts: Artifacts) -> None:
        self._artifacts = artifacts

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own bucket."""
        return cls(Artifacts.here())

    @staticmethod
    def key(service: str, digest: str) -> str:
        """Return the key of a published spec."""
        return f"specs/{service}/{digest}/service.json"

    def service_of_group(self, group: str) -> str:
        """Return the service that owns a model package group.

        Raises:
            UnknownServiceError: none does.
        """
        found = self._artifacts.read_if_there(f"groups/{group}.json")
        if found is None:
            raise UnknownServiceError(group)
        return str(json.loads(found)["service"])

    def newest(self, service: str) -> str:
        """Return the digest of a service's newest spec.

        Raises:
            UnknownServiceError: none was published.
        """
        found = self._artifacts.read_if_there(f"specs/{service}/newest.json")
        if found is None:
            raise UnknownServiceError(service)
        return str(json.loads(found)["digest"])

    def load(self, key: str) -> ServiceSpec:
        """Return a published spec.

        Raises:
            InvalidInputError: it does not fit the model of this revision.
        """
        return parse(ServiceSpec, json.loads(self._artifacts.read(key)))
