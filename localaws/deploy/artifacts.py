"""Uploads what a template names: each thing once per content."""

import hashlib
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from localaws.deploy import content, layers, templates

Object = tuple[str, str]  # bucket, key


class Uploads:
    """The deployment bucket of one account."""

    def __init__(self, s3: Any, bucket: str, root: Path, cache: Path, uv: Path) -> None:
        self._s3 = s3
        self.bucket = bucket
        self._root = root
        self._cache = cache
        self._uv = uv
        self._known: dict[str, Object] = {}

    def prepare(self) -> None:
        """Make the bucket, unless it is there."""
        try:
            self._s3.create_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
                raise

    def path(self, local: str) -> Object:
        """Upload what a path of the template means: a layer, functions, a definition."""
        if local not in self._known:
            self._known[local] = self._upload(self._root / local)
        return self._known[local]

    def body(self, name: str, data: bytes) -> Object:
        """Upload bytes under a name and their digest."""
        key = f"{name}-{hashlib.sha256(data).hexdigest()[:16]}"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return self.bucket, key

    def _upload(self, path: Path) -> Object:
        if not path.exists():
            raise FileNotFoundError(f"the template names {path.relative_to(self._root)}, which does not exist")
        if path.suffix == ".yaml":
            return self.body(path.name, templates.definition(path))
        if path.parent.name == "layers":
            return self.body(path.name, layers.build(path, self._cache, self._uv).read_bytes())
        target = self._cache / f"functions-{path.name}-{content.digest(path, [path])[:16]}.zip"
        if not target.exists():
            self._cache.mkdir(parents=True, exist_ok=True)
            content.archive(path, target)
        return self.body(path.name, target.read_bytes())
