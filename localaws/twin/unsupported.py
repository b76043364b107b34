"""Parameters that AWS takes and the twin refuses by name."""

from collections.abc import Iterator
from typing import Any

from localaws.twin.call import Call
from localaws.twin.errors import not_emulated

_VARIANT = (
    "InstancePools",
    "VariantInstanceProvisionTimeoutInSeconds",
    "AcceleratorType",
    "CoreDumpConfig",
    "ServerlessConfig",
    "ManagedInstanceScaling",
    "CapacityReservationConfig",
)
_CONTAINER = (
    "ImageConfig",
    "ModelDataSource",
    "AdditionalModelDataSources",
    "InferenceSpecificationName",
    "MultiModelConfig",
)
UNSUPPORTED: dict[str, tuple[str, ...]] = {
    "CreateModelPackageGroup": ("ManagedConfiguration",),
    "CreateModelPackage": (
        "ModelPackageName",
        "ValidationSpecification",
        "SourceAlgorithmSpecification",
        "SecurityConfig",
        "ModelCard",
        "ManagedStorageType",
    ),
    "UpdateModelPackage": ("ModelCard",),
    "CreateModel": (
        "Containers",
        "InferenceExecutionConfig",
        *(f"PrimaryContainer.{name}" for name in _CONTAINER),
    ),
    "CreateEndpointConfig": (
        "DataCaptureConfig",
        "AsyncInferenceConfig",
        "ExplainerConfig",
        "ShadowProductionVariants",
        "ExecutionRoleArn",
        *(f"ProductionVariants.{name}" for name in _VARIANT),
    ),
    "CreateEndpoint": ("DeploymentConfig",),
    "UpdateEndpoint": ("DeploymentConfig", "RetainDeploymentConfig"),
    "UpdateEndpointWeightsAndCapacities": ("DesiredWeightsAndCapacities.ServerlessUpdateConfig",),
}


def refuse_unsupported(call: Call) -> None:
    """Refuse a request that uses what the twin does not emulate; False asks for nothing."""
    for path in UNSUPPORTED.get(call.operation, ()):
        if any(value is not False for value in _values(call.params, path.split("."))):
            raise not_emulated(f"{path} of {call.operation}")


def _values(value: Any, names: list[str]) -> Iterator[Any]:
    """Yield what stands under a path, through lists."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, names)
    elif not names:
        yield value
    elif isinstance(value, dict) and value.get(names[0]) is not None:
        yield from _values(value[names[0]], names[1:])
