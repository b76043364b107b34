"""Clients by which a state machine calls AWS: over HTTP, with its own role's credentials."""

import functools
import threading
import time
from typing import Any

import botocore.session
from botocore.config import Config

from localaws.overlay.identity import session_for_role
from localaws.settings import REGION

RENEW_SECONDS = 3000
_CONFIG = Config(
    retries={"total_max_attempts": 1}, read_timeout=960, max_pool_connections=200, inject_host_prefix=False,
    s3={"addressing_style": "path"},
)  # fmt: skip
_lock = threading.Lock()


def client(service: str, role_arn: str, through: str | None = None) -> Any:
    """Return a client that acts as a role, or as `role_arn` assumed by the role `through`."""
    with _lock:
        return _client(service, role_arn, through, int(time.monotonic() // RENEW_SECONDS))


@functools.lru_cache(maxsize=512)
def _client(service: str, role_arn: str, through: str | None, _period: int) -> Any:
    """Build a client; a new one each period, before the credentials end."""
    if through:
        assumed = _client("sts", through, None, _period).assume_role(RoleArn=role_arn, RoleSessionName="states")
        credentials = assumed["Credentials"]
    else:
        credentials = session_for_role(role_arn, "states")
    return _botocore().create_client(
        service,
        region_name=REGION,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=_CONFIG,
    )


@functools.cache
def _botocore() -> Any:
    """Return the one botocore session; its models are loaded once."""
    return botocore.session.get_session()
