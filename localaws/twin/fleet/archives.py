"""Model archives: downloaded with the model's own role, unpacked safely, kept by content."""

import contextlib
import hashlib
import shutil
import tarfile
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from localaws.settings import REGION, Settings
from localaws.twin.errors import LaunchError

MAX_UNPACKED = 8 * 2**30
MAX_MEMBERS = 100_000
Credentials = Callable[[str, str], dict[str, str]]
_client_lock = threading.Lock()  # boto3 makes clients in one thread at a time


class Archives:
    """Fetches what ModelDataUrl names; every start asks S3 again, the bytes travel once per content."""

    def __init__(self, settings: Settings, credentials: Credentials) -> None:
        self._folder = settings.state_dir / "twin" / "models"
        self._endpoint_url = settings.endpoint_url
        self._credentials = credentials
        self._locks: dict[str, threading.Lock] = {}

    def check(self, url: str, role_arn: str) -> None:
        """Refuse an archive that is missing or that the role may not read."""
        bucket, key = split(url)
        with _explained(url, role_arn):
            self._s3(role_arn).head_object(Bucket=bucket, Key=key)

    def fetch(self, url: str | None, role_arn: str) -> Path:
        """Return the folder with an archive's present content; without an archive an empty one."""
        if url is None:
            empty = self._folder / "empty"
            empty.mkdir(parents=True, exist_ok=True)
            return empty
        bucket, key = split(url)
        with _explained(url, role_arn):
            s3 = self._s3(role_arn)
            etag = s3.head_object(Bucket=bucket, Key=key)["ETag"]
            folder = self._folder / hashlib.sha256(f"{url} {etag}".encode()).hexdigest()[:32]
            with self._locks.setdefault(folder.name, threading.Lock()):
                if not folder.exists():
                    answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag)
                    self._store(answer["Body"], folder, url)
            return folder

    def _store(self, body: Any, folder: Path, url: str) -> None:
        """Unpack an archive beside its place and move it there whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            archive, unpacked = Path(scratch, "archive"), Path(scratch, "model")
            with archive.open("wb") as file:
                shutil.copyfileobj(body, file, 2**20)
            unpack(archive, unpacked, url)
            unpacked.rename(folder)

    def _s3(self, role_arn: str) -> Any:
        """Return a client of S3 that acts as a role."""
        session = self._credentials(role_arn, "SageMaker")
        make: Any = boto3.client
        with _client_lock:
            return make(
                "s3",
                endpoint_url=self._endpoint_url,
                region_name=REGION,
                aws_access_key_id=session["AccessKeyId"],
                aws_secret_access_key=session["SecretAccessKey"],
                aws_session_token=session["SessionToken"],
                config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
            )


def split(url: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URL."""
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise LaunchError(f"Model data {url} is not an S3 object: expected s3://bucket/key")
    return parts.netloc, parts.path.lstrip("/")


def unpack(archive: Path, folder: Path, url: str) -> None:
    """Unpack a gzipped archive of plain files and folders that stay inside and are not too large."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            members = tar.getmembers()
            _check(members, url)
            folder.mkdir()
            tar.extractall(folder, members, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise LaunchError(f"Failed to extract model data archive from URL {url}: {error}") from error


def _check(members: list[tarfile.TarInfo], url: str) -> None:
    """Refuse links, devices, ways out of the folder and archives that are too large."""
    if len(members) > MAX_MEMBERS or sum(member.size for member in members) > MAX_UNPACKED:
        raise LaunchError(f"Failed to extract model data archive from URL {url}: it is too large")
    for member in members:
        path = PurePosixPath(member.name)
        if not (member.isreg() or member.isdir()) or path.is_absolute() or ".." in path.parts:
            raise LaunchError(
                f"Failed to extract model data archive from URL {url}: {member.name!r} is not a plain file inside it"
            )


@contextlib.contextmanager
def _explained(url: str, role_arn: str) -> Any:
    """Say in AWS's words why model data cannot be had."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("404", "NoSuchKey", "NoSuchBucket", "412", "PreconditionFailed"):
            raise LaunchError(f"Could not find model data at {url}.") from error
        raise LaunchError(
            f"Could not access model data at {url}. Please ensure that the role {role_arn} exists and that its trust "
            "relationship policy allows the action sts:AssumeRole for the service principal sagemaker.amazonaws.com. "
            f"Also ensure that the role has s3:GetObject permissions and that the object is located in {REGION}. "
            f"({code})"
        ) from error
    except BotoCoreError as error:
        raise LaunchError(f"Could not access model data at {url}: {error}") from error
