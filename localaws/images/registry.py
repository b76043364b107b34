"""Pushes an image to ECR the way a container engine does, so that each missing permission shows."""

import re
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from localaws.images.manifest import MEDIA_TYPE, sha256
from localaws.images.store import Image

REFERENCE = re.compile(
    r"(?P<registry>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?"
)


class PushError(Exception):
    """The registry refused the image."""


@dataclass(frozen=True)
class Reference:
    """Where an image is pushed to."""

    registry: str
    account: str
    region: str
    repository: str
    tag: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>]`."""
        found = REFERENCE.fullmatch(text)
        if found is None:
            raise PushError(f"{text!r} is not <account>.dkr.ecr.<region>.amazonaws.com/<repository>[:<tag>]")
        return cls(found["registry"], found["account"], found["region"], found["repository"], found["tag"] or "latest")


def push(client: Any, image: Image, reference: Reference) -> None:
    """Upload what the registry lacks, then the manifest under its tag."""
    target = {"registryId": reference.account, "repositoryName": reference.repository}
    try:
        _upload(client, image, target)
        client.put_image(
            **target, imageManifest=image.manifest.decode(), imageManifestMediaType=MEDIA_TYPE, imageTag=reference.tag
        )
    except client.exceptions.ImageAlreadyExistsException:
        return
    except client.exceptions.ImageTagAlreadyExistsException as error:
        if _digest_of(client, target, reference.tag) != image.digest:
            raise PushError(f"tag invalid: {error.response['Error']['Message']}") from error
    except ClientError as error:
        raise PushError(f"denied: {error.response['Error']['Message']}") from error


def _upload(client: Any, image: Image, target: dict[str, str]) -> None:
    blobs = {sha256(blob): blob for blob in image.blobs()}
    answer = client.batch_check_layer_availability(**target, layerDigests=list(blobs))
    there = {layer["layerDigest"] for layer in answer["layers"] if layer.get("layerAvailability") == "AVAILABLE"}
    for digest, blob in blobs.items():
        if digest in there:
            continue
        upload = client.initiate_layer_upload(**target)["uploadId"]
        client.upload_layer_part(
            **target, uploadId=upload, partFirstByte=0, partLastByte=len(blob) - 1, layerPartBlob=blob
        )
        client.complete_layer_upload(**target, uploadId=upload, layerDigests=[digest])


def _digest_of(client: Any, target: dict[str, str], tag: str) -> str | None:
    """Return what a tag of an immutable repository names; pushing the same again is no change."""
    images = client.batch_get_image(**target, imageIds=[{"imageTag": tag}])["images"]
    return str(images[0]["imageId"]["imageDigest"]) if images else None
