"""Clients of the embedded AWS: an access key of twelve digits is the account."""

from typing import Any

import boto3
from botocore.config import Config

from localaws.settings import ACCOUNTS, REGION

_CONFIG = Config(
    retries={"total_max_attempts": 2},
    connect_timeout=5,
    read_timeout=300,
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
)


class Clients:
    """Clients of one running embedded AWS."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url

    def of(self, service: str, account: str) -> Any:
        """Return a client that is the root of an account, by the account's name."""
        make: Any = boto3.client  # its overloads want the service's name as a literal
        return make(
            service,
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCOUNTS[account],
            aws_secret_access_key="local",
            config=_CONFIG,
        )
