"""Model and endpoint config of a release, made once under names that follow from its id."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.deployment.documents import Pinned, Workload
from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.plan import Phase, StagePlan
from pressrun.errors import ReleaseChangedError

# What SageMaker tells in addition to what was asked for.
_TOLD = frozenset({"ModelArn", "EndpointConfigArn", "CreationTime", "ResponseMetadata", "DeploymentRecommendation"})


class PrepareConfig(StagePlan):
    """Make the model and the endpoint config of a phase."""

    phase: Phase


class PreparedConfig(BaseModel):
    """Names of what was made."""

    model_config = ConfigDict(frozen=True)

    model_name: str
    config_name: str


class Configs(Protocol):
    """The part of SageMaker that knows models and configs."""

    def describe(self, endpoint_name: str) -> Endpoint | None:
        """Return an endpoint, or None."""

    def model(self, name: str) -> dict[str, Any] | None:
        """Return a model, or None."""

    def config(self, name: str) -> dict[str, Any] | None:
        """Return an endpoint config, or None."""

    def create_model(self, document: dict[str, Any]) -> None:
        """Create a model."""

    def create_config(self, document: dict[str, Any]) -> None:
        """Create an endpoint config."""


def config_name(release_id: str, phase: Phase) -> str:
    """Name the config of a phase: two variants are `open`, the release alone is `live`."""
    return f"{release_id}-{'open' if phase == 'open' else 'live'}"


def tags(service: str, release_id: str, workload: Workload) -> dict[str, str]:
    """Return the tags of everything that is created."""
    return {**workload.tags, "pressrun:service": service, "pressrun:release": release_id}


def prepare(
    command: PrepareConfig, pinned: Pinned, image: str, workload: Workload, sagemaker: Configs
) -> PreparedConfig:
    """Make model and config unless they stand there already with the same content.

    Raises:
        ReleaseChangedError: what stands under the name is something else.
    """
    model = model_document(command, pinned, image, workload)
    found = sagemaker.model(command.release_id)
    if found is None:
        sagemaker.create_model(model)
    else:
        _check_same("model", command.release_id, model, found)
    name = config_name(command.release_id, command.phase)
    config = config_document(command, sagemaker, workload)
    standing = sagemaker.config(name)
    if standing is None:
        sagemaker.create_config(config)
    else:
        _check_same("endpoint config", name, config, standing)
    return PreparedConfig(model_name=command.release_id, config_name=name)


def model_document(command: PrepareConfig, pinned: Pinned, image: str, workload: Workload) -> dict[str, Any]:
    """Return what CreateModel is given."""
    container: dict[str, Any] = {"Image": image, "ModelDataUrl": pinned.manifest.model.url}
    if pinned.spec.environment:
        container["Environment"] = dict(pinned.spec.environment)
    document: dict[str, Any] = {
        "ModelName": command.release_id,
        "PrimaryContainer": container,
        "ExecutionRoleArn": workload.execution_role_arn,
        "EnableNetworkIsolation": workload.network_isolation,
        "Tags": _tags(command, workload),
    }
    if workload.subnet_ids:
        document["VpcConfig"] = {
            "SecurityGroupIds": workload.security_group_ids,
            "Subnets": workload.subnet_ids,
        }
    return document


def config_document(command: PrepareConfig, sagemaker: Configs, workload: Workload) -> dict[str, Any]:
    """Return what CreateEndpointConfig is given."""
    document: dict[str, Any] = {
        "EndpointConfigName": config_name(command.release_id, command.phase),
        "ProductionVariants": _variants(command, sagemaker),
        # Invocation metrics as often as the judge polls; detailed observability would scrape each container's /metrics.
        "MetricsConfig": {
            "EnableEnhancedMetrics": True,
            "MetricPublishFrequencyInSeconds": command.poll_seconds,
            "EnableDetailedObservability": False,
        },
        "Tags": _tags(command, workload),
    }
    if workload.kms_key_arn:
        document["KmsKeyId"] = workload.kms_key_arn
    return document


def _variants(command: PrepareConfig, sagemaker: Configs) -> list[dict[str, Any]]:
    if command.phase == "whole":
        return [_variant(command, command.stable, command.instance_count, weight=1)]
    endpoint = sagemaker.describe(command.endpoint_name)
    if command.phase == "settle":
        canary = endpoint.variant(command.canary) if endpoint else None
        count = canary.desired_count if canary else command.instance_count
        return [_variant(command, command.stable, count, weight=1)]
    stable = _live_variant(command, sagemaker)
    present = endpoint.variant(command.stable) if endpoint else None
    if present:
        stable["InitialInstanceCount"] = present.desired_count
    return [stable, _variant(command, command.canary, command.instance_count, weight=0)]


def _live_variant(command: PrepareConfig, sagemaker: Configs) -> dict[str, Any]:
    """Return stable as the live config has it."""
    live = sagemaker.config(command.live_config or "")
    if live is None:
        raise ReleaseChangedError(
            f"live config {command.live_config!r} of endpoint {command.endpoint_name!r} is gone, expected it to stand"
        )
    stable = next((found for found in live["ProductionVariants"] if found["VariantName"] == command.stable), None)
    if stable is None:
        raise ReleaseChangedError(
            f"live config {command.live_config!r} has no variant {command.stable!r}, expected the spec's stable variant"
        )
    return {**stable, "InitialVariantWeight": 1}


def _variant(command: PrepareConfig, name: str, count: int, weight: float) -> dict[str, Any]:
    return {
        "VariantName": name,
        "ModelName": command.release_id,
        "InstanceType": command.instance_type,
        "InitialInstanceCount": count,
        "InitialVariantWeight": weight,
    }


def _tags(command: PrepareConfig, workload: Workload) -> list[dict[str, str]]:
    named = tags(command.service, command.release_id, workload)
    return [{"Key": key, "Value": value} for key, value in named.items()]


def _check_same(kind: str, name: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Compare what was asked for with what stands there.

    Instance counts are left out: they follow the traffic, and the first answer stands.
    """
    wanted = {key: value for key, value in wanted.items() if key != "Tags"}
    differing = [key for key, value in wanted.items() if not _covers(value, found.get(key))]
    unasked = [key for key in found if key not in wanted and key not in _TOLD and found[key]]
    if differing or unasked:
        raise ReleaseChangedError(
            f"{kind} {name!r} stands there with another {', '.join(differing + unasked)}, "
            f"expected what the manifest pins"
        )


def _covers(wanted: Any, found: Any) -> bool:
    """Tell whether everything asked for is in what was found; SageMaker adds defaults of its own."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return False
        return all(key == "InitialInstanceCount" or _covers(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(_covers(*pair) for pair in zip(wanted, found, strict=True))
        )
    return bool(wanted == found)
