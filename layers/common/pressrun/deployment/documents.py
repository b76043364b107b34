"""The documents a stage works from: the manifest, the pinned spec, the image that was found."""

from pydantic import BaseModel, ConfigDict

from pressrun.release.manifest import Manifest
from pressrun.service.spec import ServiceSpec


class Pinned(BaseModel):
    """Everything that was pinned for one release."""

    model_config = ConfigDict(frozen=True)

    manifest: Manifest
    spec: ServiceSpec

    def key(self, name: str) -> str:
        """Return the key of a file that was published beside the spec."""
        return f"specs/{self.manifest.service}/{self.manifest.spec.digest}/{name}"


class Workload(BaseModel):
    """How a workload account wants endpoints to run: its own description, parameter `/pressrun/workload`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    execution_role_arn: str
    kms_key_arn: str | None = None
    subnet_ids: list[str] = []
    security_group_ids: list[str] = []
    network_isolation: bool = False
    tags: dict[str, str] = {}
