"""Endpoint configs: immutable lists of variants."""

from collections.abc import Mapping
from typing import Any

from localaws.twin import arns
from localaws.twin.call import Call, tag_map
from localaws.twin.errors import invalid, not_emulated
from localaws.twin.fleet.instance_types import memory_mib
from localaws.twin.hosting.models import existing, network_context
from localaws.twin.listing import page, pick
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

KIND = "endpoint-config"
STRATEGIES = ("LEAST_OUTSTANDING_REQUESTS", "RANDOM")
_KEPT = ["EndpointConfigName", "KmsKeyId", "VpcConfig", "EnableNetworkIsolation", "MetricsConfig"]


class EndpointConfigs:
    """The operations on endpoint configs."""

    def __init__(self, state: State, memory: Mapping[str, int]) -> None:
        self._state = state
        self._memory = memory

    def create_endpoint_config(self, call: Call) -> dict[str, Any]:
        """Create a config of variants whose models exist."""
        name, tags = call.params["EndpointConfigName"], tag_map(call.params.get("Tags"))
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, new_tags=tags, context=_context(call.params))
        variants = [self._variant(call, variant) for variant in call.params["ProductionVariants"]]
        _check_together(variants)
        with self._state.lock:
            configs = self._state.table(call.account, "configs")
            if name in configs:
                raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
            configs[name] = {
                **pick(call.params, _KEPT),
                "EndpointConfigArn": arn,
                "ProductionVariants": variants,
                "CreationTime": now(),
            }
            put_tags(self._state, arn, tags)
        return {"EndpointConfigArn": arn}

    def describe_endpoint_config(self, call: Call) -> dict[str, Any]:
        """Describe a config."""
        return self._authorized(call)

    def list_endpoint_configs(self, call: Call) -> dict[str, Any]:
        """List the account's configs, newest first."""
        call.authorize("*")
        with self._state.lock:
            configs = list(self._state.table(call.account, "configs").values())
        summaries = [pick(each, ["EndpointConfigName", "EndpointConfigArn", "CreationTime"]) for each in configs]
        return page(summaries, call.params, result="EndpointConfigs", name="EndpointConfigName")

    def delete_endpoint_config(self, call: Call) -> None:
        """Delete a config, even one in use: as on AWS, its endpoint serves on but cannot be updated any more."""
        with self._state.lock:
            config = self._authorized(call)
            del self._state.table(call.account, "configs")[config["EndpointConfigName"]]
            put_tags(self._state, config["EndpointConfigArn"], {})

    def _authorized(self, call: Call) -> Record:
        """Return the config a call names, if the caller may."""
        name = call.params["EndpointConfigName"]
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, tags=self._state.tags(arn))
        return existing(self._state, call.account, "configs", name)

    def _variant(self, call: Call, variant: Record) -> Record:
        """Check one variant and fill in its defaults."""
        for name in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if name not in variant:
                raise invalid(f"{name} of the production variant {variant['VariantName']} is missing.")
        existing(self._state, call.account, "models", variant["ModelName"])
        memory_mib(variant["InstanceType"], self._memory)
        strategy = variant.get("RoutingConfig", {}).get("RoutingStrategy", STRATEGIES[0])
        if strategy not in STRATEGIES:
            raise not_emulated(f"RoutingStrategy {strategy}")
        return {"InitialVariantWeight": 1.0, **variant}


def _check_together(variants: list[Record]) -> None:
    """Refuse variants of one name, and weights that would route nothing."""
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise invalid(f"Variant names have to be unique, found {', '.join(names)}.")
    if sum(variant["InitialVariantWeight"] for variant in variants) <= 0:
        raise invalid("At least one production variant needs a weight above 0.")


def _context(params: dict[str, Any]) -> dict[str, Any]:
    """Return the condition keys of a config."""
    context = network_context(params)
    context["sagemaker:InstanceTypes"] = [
        variant["InstanceType"] for variant in params["ProductionVariants"] if "InstanceType" in variant
    ]
    if "KmsKeyId" in params:
        context["sagemaker:VolumeKmsKey"] = params["KmsKeyId"]
    return context
