"""Endpoints, configs and models of one workload account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from botocore.config import Config
from botocore.exceptions import ClientError

from pressrun.aws.sessions import workload_session
from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.errors import CapacityError, ConfigNotVisibleError, EndpointBusyError
from pressrun.settings import Stage

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

Document = dict[str, Any]

# Control-plane calls are throttled by account; standard mode backs off with jitter.
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 6}, connect_timeout=5, read_timeout=20)


class SageMakerEndpoints:
    """What Pressrun does to endpoints."""

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach a stage's account through its deployment role."""
        return cls(workload_session(stage, release_id).client("sagemaker", config=_RETRIES))

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None where there is none."""
        found = _or_none(lambda: self._client.describe_endpoint(EndpointName=endpoint_name))
        return None if found is None else _endpoint(found)

    def config(self, name: str) -> Document | None:
        """Return an endpoint config as SageMaker describes it, or None."""
        found: Document | None = _or_none(lambda: self._client.describe_endpoint_config(EndpointConfigName=name))
        return found

    def model(self, name: str) -> Document | None:
        """Return a model as SageMaker describes it, or None."""
        found: Document | None = _or_none(lambda: self._client.describe_model(ModelName=name))
        return found

    def create_model(self, document: Document) -> None:
        """Create a model."""
        self._client.create_model(**document)

    def create_config(self, document: Document) -> None:
        """Create an endpoint config."""
        self._client.create_endpoint_config(**document)

    def create_endpoint(self, endpoint_name: str, config_name: str, tags: dict[str, str]) -> None:
        """Ask for a new endpoint.

        Raises:
            CapacityError, ConfigNotVisibleError: as `_changing` says.
        """
        with self._changing(endpoint_name, config_name):
            self._client.create_endpoint(
                EndpointName=endpoint_name, EndpointConfigName=config_name, Tags=tag_list(tags)
            )

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        """Ask for another config.

        Args:
            endpoint_name: the endpoint.
            config_name: the config it is to serve.
            keep_counts: variants that stay keep their present instance counts; weights are the new config's.

        Raises:
            CapacityError, ConfigNotVisibleError, EndpointBusyError: as `_changing` says.
        """
        retained: Any = (
            {
                "RetainAllVariantProperties": True,
                "ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DesiredWeight"}],
            }
            if keep_counts
            else {}
        )
        with self._changing(endpoint_name, config_name):
            self._client.update_endpoint(EndpointName=endpoint_name, EndpointConfigName=config_name, **retained)

    def set_weights(self, endpoint_name: str, weights: dict[str, float]) -> None:
        """Ask for new variant weights; they take hold later.

        Raises:
            EndpointBusyError: the endpoint takes no change now.
        """
        with self._changing(endpoint_name, ""):
            self._client.update_endpoint_weights_and_capacities(
                EndpointName=endpoint_name,
                DesiredWeightsAndCapacities=[
                    {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
                ],
            )

    def delete_endpoint(self, endpoint_name: str) -> None:
        """Ask for an endpoint's end; one that is gone is fine.

        Deleting is granted on our tag, which what is gone does not have: hence the look first, here and below.
        """
        if self.describe(endpoint_name) is not None:
            _or_none(lambda: self._client.delete_endpoint(EndpointName=endpoint_name))

    def delete_config(self, name: str) -> None:
        """Delete an endpoint config; one that is gone is fine. Never call this for a config in use."""
        if self.config(name) is not None:
            _or_none(lambda: self._client.delete_endpoint_config(EndpointConfigName=name))

    def delete_model(self, name: str) -> None:
        """Delete a model's entry; one that is gone is fine. Never call this for a model in use."""
        if self.model(name) is not None:
            _or_none(lambda: self._client.delete_model(ModelName=name))

    def config_names(self, containing: str) -> list[str]:
        """Return the names of the configs whose name contains a text."""
        pages = self._client.get_paginator("list_endpoint_configs").paginate(NameContains=containing)
        return [config["EndpointConfigName"] for page in pages for config in page["EndpointConfigs"]]

    def model_names(self, containing: str) -> list[str]:
        """Return the names of the models whose name contains a text."""
        pages = self._client.get_paginator("list_models").paginate(NameContains=containing)
        return [model["ModelName"] for page in pages for model in page["Models"]]

    @contextmanager
    def _changing(self, endpoint_name: str, config_name: str) -> Iterator[None]:
        """Name the refusals of a change; SageMaker models only ResourceLimitExceeded.

        Raises:
            CapacityError: the account's quota does not allow the fleet.
            ConfigNotVisibleError: SageMaker does not see a config that was just made; it will.
            EndpointBusyError: the endpoint takes no change now.
        """
        try:
            yield
        except ClientError as error:
            code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
            if code == "ResourceLimitExceeded":
                raise CapacityError(f"endpoint {endpoint_name!r}: {message}") from error
            if code != "ValidationException":
                raise
            if config_name and "could not find endpoint configuration" in message.lower():
                raise ConfigNotVisibleError(endpoint_name, config_name) from error
            found = self.describe(endpoint_name)
            if found is not None and not found.free:
                raise EndpointBusyError(endpoint_name, found.status) from error
            raise


def tag_list(tags: dict[str, str]) -> Any:
    """Return tags as SageMaker takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _or_none(call: Any) -> Any:
    """Make a call; None where SageMaker says that the thing does not exist (it has no error of its own for that)."""
    try:
        return call()
    except ClientError as error:
        told = error.response["Error"]
        if told["Code"] == "ValidationException" and "could not find" in told["Message"].lower():
            return None
        if told["Code"] in {"ResourceNotFound", "ResourceNotFoundException"}:
            return None
        raise


def _endpoint(found: Document) -> Endpoint:
    return Endpoint(
        name=found["EndpointName"],
        status=found["EndpointStatus"],
        config_name=found.get("EndpointConfigName", ""),
        modified_at=found["LastModifiedTime"],
        failure_reason=found.get("FailureReason", ""),
        pending_config=found.get("PendingDeploymentSummary", {}).get("EndpointConfigName", ""),
        variants=[_variant(variant) for variant in found.get("ProductionVariants", [])],
    )


def _variant(found: Document) -> Variant:
    images = [image.get("ResolvedImage", "") for image in found.get("DeployedImages", [])]
    return Variant(
        name=found["VariantName"],
        current_weight=found.get("CurrentWeight", 0),
        desired_weight=found.get("DesiredWeight", found.get("CurrentWeight", 0)),
        current_count=found.get("CurrentInstanceCount", 0),
        desired_count=found.get("DesiredInstanceCount", found.get("CurrentInstanceCount", 0)),
        images=[image.partition("@")[2] for image in images if "@" in image],
    )
