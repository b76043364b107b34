"""The manifest: everything a release is made of, pinned when it opens."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pressrun.canonical import digest

_UNSAFE = re.compile(r"[^a-z0-9]+")


class _Pinned(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PinnedImage(_Pinned):
    """The container image: by digest, or by the hash of the sources it is built from.

    Attributes:
        repository: registry and repository, without tag.
        digest: ``sha256:`` and 64 hexadecimal digits, if the image exists.
        source_sha256: hash of ``sources/<sha256>.zip``, if it may have to be built.
    """

    repository: str
    digest: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")
    source_sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _one(self) -> "PinnedImage":
        if (self.digest is None) == (self.source_sha256 is None):
            raise ValueError("expected exactly one of digest and source_sha256")
        return self


class PinnedModel(_Pinned):
    """The model archive's content-addressed copy."""

    key: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    url: str


class PinnedSpec(_Pinned):
    """The service's spec with its golden set and load samples."""

    key: str
    digest: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(_Pinned):
    """What exactly is released. Its digest is part of the release id."""

    service: str
    model_package_arn: str
    model_package_version: int
    image: PinnedImage
    model: PinnedModel
    spec: PinnedSpec
    code_revision: str
    approved_since: str

    def digest(self) -> str:
        """Return the sha256 of the canonical manifest."""
        return digest(self.model_dump(mode="json"))


def release_id(service: str, version: int, manifest_digest: str, attempt: int) -> str:
    """Name a release: ``<service>-<version>-<digest, 8>-<attempt>``, at most 52 characters."""
    return f"{service}-{version}-{manifest_digest[:8]}-{attempt}"


def service_like(group: str) -> str:
    """Return a name for releases of a group that no service owns: lower case, digits and hyphens, at most 32."""
    return _UNSAFE.sub("-", group.lower()).strip("-")[:32].strip("-") or "unnamed"


def partial_digest(known: dict[str, Any]) -> str:
    """Return the digest that names a release whose manifest could not be completed."""
    return digest(known)
