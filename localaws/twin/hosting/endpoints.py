"""Endpoints: created, described, listed, deleted, updated, rescaled."""

from collections import Counter
from typing import Any

from localaws.twin import arns
from localaws.twin.call import Call, request_tags, tag_map
from localaws.twin.errors import invalid
from localaws.twin.hosting import scaled
from localaws.twin.hosting.configs import KIND as CONFIG_KIND
from localaws.twin.hosting.deployments import Deployments
from localaws.twin.hosting.models import existing
from localaws.twin.hosting.quotas import Quotas, instances
from localaws.twin.hosting.summaries import pending_summary, retained_variants, wanted_variants
from localaws.twin.listing import page, pick
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

KIND = "endpoint"
_SUMMARY = ["EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus"]


class Endpoints:
    """The operations on endpoints; what takes time goes on in deployments."""

    def __init__(self, state: State, deployments: Deployments, quotas: Quotas) -> None:
        self._state = state
        self._deployments = deployments
        self._quotas = quotas

    def create_endpoint(self, call: Call) -> dict[str, Any]:
        """Begin to create an endpoint."""
        name, tags = call.params["EndpointName"], tag_map(call.params.get("Tags"))
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, new_tags=tags)
        with self._state.lock:
            endpoints = self._state.table(call.account, "endpoints")
            if name in endpoints:
                raise invalid(f'Cannot create already existing endpoint "{arn}".')
            config = self._config(call)
            started = now()
            pending = pending_summary(config, wanted_variants(config), started)
            self._quotas.check(call.account, instances(pending))
            endpoints[name] = {
                "EndpointName": name,
                "EndpointArn": arn,
                "EndpointConfigName": config["EndpointConfigName"],
                "CreationTime": started,
                "LastModifiedTime": started,
                "PendingDeploymentSummary": pending,
            }
            put_tags(self._state, arn, tags)
            self._deployments.create(call.account, name)
        return {"EndpointArn": arn}

    def describe_endpoint(self, call: Call) -> dict[str, Any]:
        """Describe an endpoint."""
        with self._state.lock:
            return dict(self._authorized(call))

    def list_endpoints(self, call: Call) -> dict[str, Any]:
        """List the account's endpoints, newest first."""
        call.authorize("*")
        with self._state.lock:
            endpoints = [pick(each, _SUMMARY) for each in self._state.table(call.account, "endpoints").values()]
        return page(endpoints, call.params, result="Endpoints", name="EndpointName")

    def delete_endpoint(self, call: Call) -> None:
        """Begin to delete an endpoint, and forget its scalable targets."""
        with self._state.lock:
            endpoint = self._authorized(call)
            if endpoint["EndpointStatus"] not in ("InService", "Failed", "OutOfService", "UpdateRollbackFailed"):
                raise invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
            scaled.forget(self._state, call, endpoint["EndpointName"])
            self._deployments.delete(call.account, endpoint["EndpointName"])

    def update_endpoint(self, call: Call) -> dict[str, Any]:
        """Begin to replace all fleets by those of a config."""
        with self._state.lock:
            endpoint = self._ready(call)
            config = self._config(call)
            existing(self._state, call.account, "configs", endpoint["EndpointConfigName"])
            scaled.refuse_change(self._state, call.account, endpoint, config)
            variants = retained_variants(endpoint, config, call.params)
            started = now()
            pending = pending_summary(config, variants, started)
            self._quotas.check(call.account, instances(pending))
            endpoint["PendingDeploymentSummary"] = pending
            endpoint["LastModifiedTime"] = started
            endpoint.pop("FailureReason", None)
            self._deployments.update(call.account, endpoint["EndpointName"])
        return {"EndpointArn": endpoint["EndpointArn"]}

    def update_endpoint_weights_and_capacities(self, call: Call) -> dict[str, Any]:
        """Begin to change weights, or one variant's number of instances."""
        with self._state.lock:
            endpoint = self._ready(call)
            asked = {each["VariantName"]: each for each in call.params["DesiredWeightsAndCapacities"]}
            variants = {variant["VariantName"]: variant for variant in endpoint["ProductionVariants"]}
            wanted = _wanted(asked, variants, endpoint["EndpointArn"])
            self._quotas.check(call.account, self._added(call.account, endpoint, wanted))
            endpoint["ProductionVariants"] = [wanted.get(name, variant) for name, variant in variants.items()]
            endpoint["LastModifiedTime"] = now()
            endpoint.pop("FailureReason", None)
            self._deployments.rescale(call.account, endpoint["EndpointName"])
        return {"EndpointArn": endpoint["EndpointArn"]}

    def _added(self, account: str, endpoint: Record, wanted: dict[str, Record]) -> Counter[str]:
        """Count the instances that a change of capacity adds, by type."""
        added: Counter[str] = Counter()
        for variant, each in wanted.items():
            instance_type = self._quotas.instance_type(account, endpoint["EndpointName"], variant)
            added[instance_type] += each["DesiredInstanceCount"] - each["CurrentInstanceCount"]
        return added

    def _authorized(self, call: Call) -> Record:
        """Return the endpoint a call names, if the caller may."""
        name = call.params["EndpointName"]
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, tags=self._state.tags(arn))
        return existing(self._state, call.account, "endpoints", name)

    def _ready(self, call: Call) -> Record:
        """Return the endpoint a call wants to change; one change at a time."""
        endpoint = self._authorized(call)
        if endpoint["EndpointStatus"] in ("Failed", "OutOfService", "UpdateRollbackFailed"):
            raise invalid(f'Cannot update endpoint "{endpoint["EndpointArn"]}" in {endpoint["EndpointStatus"]} state.')
        if endpoint["EndpointStatus"] != "InService":
            raise invalid(f'Cannot update in-progress endpoint "{endpoint["EndpointArn"]}".')
        return endpoint

    def _config(self, call: Call) -> Record:
        """Return the config a call names, if the caller may use it, and check that its models exist."""
        name = call.params["EndpointConfigName"]
        arn = arns.arn(call.account, CONFIG_KIND, name)
        context = request_tags(tag_map(call.params.get("Tags")))
        call.authorize(arn, tags=self._state.tags(arn), context=context)
        config = existing(self._state, call.account, "configs", name)
        for variant in config["ProductionVariants"]:
            existing(self._state, call.account, "models", variant["ModelName"])
        return config


def _wanted(asked: dict[str, Record], variants: dict[str, Record], arn: str) -> dict[str, Record]:
    """Return the variants as the request wants them."""
    for name in asked:
        if name not in variants:
            raise invalid(f'The variant name(s) "{name}" is/are not present within endpoint "{arn}".')
    wanted = {
        name: {
            **variants[name],
            "DesiredWeight": each.get("DesiredWeight", variants[name]["DesiredWeight"]),
            "DesiredInstanceCount": each.get("DesiredInstanceCount", variants[name]["DesiredInstanceCount"]),
        }
        for name, each in asked.items()
    }
    resized = [n for n, each in wanted.items() if each["DesiredInstanceCount"] != variants[n]["DesiredInstanceCount"]]
    if len(resized) > 1:
        raise invalid(f"The capacity of one variant can be changed at a time, not of {', '.join(resized)}.")
    if any(each["DesiredInstanceCount"] < 1 for each in wanted.values()):
        raise invalid("DesiredInstanceCount has to be at least 1 for a real-time variant.")
    if sum(each["DesiredWeight"] for each in {**variants, **wanted}.values()) <= 0:
        raise invalid("At least one production variant needs a weight above 0.")
    return wanted
