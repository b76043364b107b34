"""Calls of endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pressrun.aws.sessions import workload_session
from pressrun.deployment.contract import Answer
from pressrun.settings import Stage

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

# A container has 60 s to answer. Each call is one call: its count is known to whoever measures the metric lag.
_ONE_CALL = {"retries": {"total_max_attempts": 1}, "connect_timeout": 5, "read_timeout": 70}


class Runtime:
    """Invokes the endpoints of one workload account."""

    def __init__(self, client: SageMakerRuntimeClient) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str, *, parallel: int) -> Self:
        """Reach a stage's account through its deployment role."""
        config: Any = Config(**_ONE_CALL, max_pool_connections=parallel)  # type: ignore[arg-type]
        return cls(workload_session(stage, release_id).client("sagemaker-runtime", config=config))

    def invoke(self, endpoint_name: str, variant: str | None, body: bytes, content_type: str) -> Answer:
        """Call an endpoint once; what goes wrong is an answer too."""
        target: Any = {"TargetVariant": variant} if variant else {}
        try:
            answer = self._client.invoke_endpoint(
                EndpointName=endpoint_name, Body=body, ContentType=content_type, Accept="application/json", **target
            )
            return Answer(status=200, body=answer["Body"].read())
        except ClientError as error:
            told: dict[str, Any] = {**error.response, **error.response["Error"]}
            return Answer(
                status=int(told.get("OriginalStatusCode") or told["ResponseMetadata"]["HTTPStatusCode"]),
                error=f"{told['Code']}: {told.get('OriginalMessage') or told['Message']}"[:300],
            )
        except BotoCoreError as error:
            return Answer(status=0, error=f"{type(error).__name__}: {error}"[:300])
