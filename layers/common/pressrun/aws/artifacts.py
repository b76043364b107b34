"""The artefact bucket: archives, specs, evidence."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session
from pressrun.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK = 1 << 20


class Artifacts:
    """Objects of the artefact bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self.bucket = bucket

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own bucket."""
        return cls(own_session().client("s3"), settings().artifacts_bucket)

    def read(self, key: str) -> bytes:
        """Return an object's bytes; a missing key is botocore's NoSuchKey."""
        return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def read_if_there(self, key: str) -> bytes | None:
        """Return an object's bytes, or None where there is none."""
        try:
            return self.read(key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise

    def put_once(self, key: str, body: bytes, content_type: str = "application/json") -> bool:
        """Write an object if none stands under the key; tell whether it was written."""
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
                return False
            raise
        return True

    def keys(self, prefix: str) -> list[str]:
        """Return the keys under a prefix, sorted."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def exists(self, key: str) -> bool:
        """Tell whether an object stands under the key."""
        return self._head(self.bucket, key) is not None

    def sha256(self, bucket: str, key: str) -> str:
        """Return the sha256 of an object of any bucket, read as a stream."""
        body = self._client.get_object(Bucket=bucket, Key=key)["Body"]
        found = hashlib.sha256()
        for chunk in iter(lambda: body.read(_CHUNK), b""):
            found.update(chunk)
        return found.hexdigest()

    def download(self, bucket: str, key: str, path: str) -> None:
        """Copy an object of any bucket to a file."""
        self._client.download_file(bucket, key, path)

    def upload_once(self, path: str, key: str) -> None:
        """Copy a file under a content-addressed key, unless it stands there already."""
        if not self.exists(key):
            with open(path, "rb") as body:  # noqa: PTH123
                try:
                    self._client.put_object(Bucket=self.bucket, Key=key, Body=body, IfNoneMatch="*")
                except ClientError as error:
                    if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                        raise

    def _head(self, bucket: str, key: str) -> Any:
        try:
            return self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NotFound"}:
                return None
            raise
