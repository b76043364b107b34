"""Signatures for requests that no SDK client sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Self

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    import boto3

TARGET_VARIANT = "X-Amzn-SageMaker-Target-Variant"


class RuntimeAccess(NamedTuple):
    """Where a stage's endpoints are invoked, and as whom; the environment is what a child process needs to sign."""

    url: str
    region: str
    signing_name: str
    environment: dict[str, str]

    @classmethod
    def of(cls, session: boto3.Session) -> Self:
        """Take address and names from the SDK's own client, and the session's present credentials."""
        meta = session.client("sagemaker-runtime").meta
        credentials = session.get_credentials()
        if credentials is None:
            raise ValueError("session has no credentials, expected those of a deployment role")
        frozen = credentials.get_frozen_credentials()
        environment = {
            "AWS_ACCESS_KEY_ID": frozen.access_key or "",
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key or "",
            "AWS_SESSION_TOKEN": frozen.token or "",
        }
        return cls(meta.endpoint_url, meta.region_name, meta.service_model.signing_name, environment)

    def invocations_url(self, endpoint_name: str) -> str:
        """Return the address of InvokeEndpoint."""
        return f"{self.url.rstrip('/')}/endpoints/{endpoint_name}/invocations"


class Signer:
    """Signs InvokeEndpoint requests (signature version 4)."""

    def __init__(self, credentials: Credentials, signing_name: str, region: str) -> None:
        self._auth = SigV4Auth(credentials, signing_name, region)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], signing_name: str, region: str) -> Self:
        """Take the credentials that a parent process left in the environment."""
        credentials = Credentials(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment["AWS_SESSION_TOKEN"] or None,
        )
        return cls(credentials, signing_name, region)

    def headers(self, url: str, body: bytes, content_type: str, variant: str | None) -> dict[str, str]:
        """Return the headers of one request, signed now."""
        given = {"Content-Type": content_type, "Accept": "application/json"}
        if variant:
            given[TARGET_VARIANT] = variant
        request = AWSRequest(method="POST", url=url, headers=given, data=body)
        self._auth.add_auth(request)
        return dict(request.headers.items())
