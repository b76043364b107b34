"""Pinning a model package: its image's digest, its archive's copy, its service's newest spec."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from pressrun.aws.artifacts import Artifacts
from pressrun.aws.images import Images, ImageUri, parse_uri
from pressrun.aws.specs import Specs
from pressrun.errors import ArchiveError, ModelPackageError, UnknownServiceError
from pressrun.release.archive import check_archive
from pressrun.release.manifest import Manifest, PinnedImage, PinnedModel, PinnedSpec
from pressrun.release.opening import Package
from pressrun.settings import settings

_MISSING = {"NoSuchKey", "404", "NotFound", "NoSuchBucket", "AccessDenied", "403", "Forbidden"}


class AwsPinning:
    """Pins packages of the tools account."""

    def __init__(self, artifacts: Artifacts, specs: Specs, images: Images, code_revision: str) -> None:
        self._artifacts = artifacts
        self._specs = specs
        self._images = images
        self._code_revision = code_revision

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own account."""
        return cls(Artifacts.here(), Specs.here(), Images.here(), settings().code_revision)

    def service_of(self, package: Package) -> str:
        """Return the service that owns the package's group."""
        return self._specs.service_of_group(package.group)

    def pin(self, package: Package, service: str, approved_since: str) -> Manifest:
        """Copy and hash everything the package is made of.

        Raises:
            ModelPackageError: no container, image or archive, or the image is not there.
            ArchiveError: the archive is missing or not safe to unpack.
            UnknownServiceError: the service has no spec.
        """
        spec_digest = self._specs.newest(service)
        container = _container(package)
        return Manifest(
            service=service,
            model_package_arn=package.arn,
            model_package_version=package.version,
            image=self._image(package, container),
            model=self._model(package, container),
            spec=PinnedSpec(key=self._spec_key(service, spec_digest), digest=spec_digest),
            code_revision=self._code_revision,
            approved_since=approved_since,
        )

    def _spec_key(self, service: str, digest: str) -> str:
        key = Specs.key(service, digest)
        if not self._artifacts.exists(key):
            raise UnknownServiceError(service)
        return key

    def _image(self, package: Package, container: dict[str, Any]) -> PinnedImage:
        text = container.get("Image") or ""
        if not text:
            raise ModelPackageError(f"model package {package.arn} names no container image, expected one in ECR")
        uri = parse_uri(text)
        digest = uri.digest or (container.get("ImageDigest") or "").lower() or None
        if digest:
            if self._images.digest_of(uri, digest=digest) is None:
                raise ModelPackageError(f"image {uri.repository}@{digest} of {package.arn} is not in ECR")
            return PinnedImage(repository=uri.repository, digest=digest)
        return self._unresolved(package, uri)

    def _unresolved(self, package: Package, uri: ImageUri) -> PinnedImage:
        source = (package.description.get("CustomerMetadataProperties") or {}).get("source_sha256")
        found = self._images.digest_of(uri, tag=uri.tag or "latest")
        if found:
            return PinnedImage(repository=uri.repository, digest=found)
        if source and self._artifacts.exists(f"sources/{source}.zip"):
            return PinnedImage(repository=uri.repository, source_sha256=source)
        raise ModelPackageError(
            f"image {uri.repository}:{uri.tag or 'latest'} of {package.arn} is not in ECR and there are no sources to "
            f"build it from, expected sources/<source_sha256>.zip named in CustomerMetadataProperties"
        )

    def _model(self, package: Package, container: dict[str, Any]) -> PinnedModel:
        url = container.get("ModelDataUrl") or ""
        parts = urlsplit(url)
        if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
            raise ModelPackageError(
                f"model package {package.arn} has ModelDataUrl {url!r}, expected s3://<bucket>/<key> of an archive"
            )
        bucket, key = parts.netloc, parts.path.lstrip("/")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.tar.gz"
            try:
                self._artifacts.download(bucket, key, str(path))
            except ClientError as error:
                if error.response["Error"]["Code"] in _MISSING:
                    raise ArchiveError(f"archive {url} cannot be read: {error.response['Error']['Message']}") from error
                raise
            check_archive(path, url)
            return self._copy(path)

    def _copy(self, path: Path) -> PinnedModel:
        sha256 = _sha256(path)
        key = f"models/sha256/{sha256}/model.tar.gz"
        self._artifacts.upload_once(str(path), key)
        return PinnedModel(key=key, sha256=sha256, url=f"s3://{self._artifacts.bucket}/{key}")


def _container(package: Package) -> dict[str, Any]:
    containers = (package.description.get("InferenceSpecification") or {}).get("Containers") or []
    if len(containers) != 1:
        raise ModelPackageError(
            f"model package {package.arn} has {len(containers)} containers in its InferenceSpecification, expected one"
        )
    return dict(containers[0])


def _sha256(path: Path) -> str:
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()
