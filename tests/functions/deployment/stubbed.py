"""Clients whose every call and answer is checked against the service's own model."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.stub import Stubber


@contextmanager
def stubbed(service: str) -> Iterator[tuple[Any, Stubber]]:
    """Give a client and its stub; all that was expected must have been called."""
    make: Any = boto3.client
    client = make(service, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    with Stubber(client) as stub:
        yield client, stub
        stub.assert_no_pending_responses()
