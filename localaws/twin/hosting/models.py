"""Models: an image, an archive and the role that reads them."""

from typing import Any, Protocol

from localaws.twin import arns
from localaws.twin.call import Call, tag_map
from localaws.twin.errors import LaunchError, denied, invalid
from localaws.twin.listing import page, pick
from localaws.twin.registry.packages import existing_package, find_package
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

KIND = "model"
_KEPT = ["ModelName", "PrimaryContainer", "ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation"]


class Sources(Protocol):
    """Where images and model data come from."""

    def check(self, image: str, model_data_url: str | None, role_arn: str) -> None:
        """Raise LaunchError when a role cannot read them."""


class Models:
    """The operations on models."""

    def __init__(self, state: State, sources: Sources) -> None:
        self._state = state
        self._sources = sources

    def create_model(self, call: Call) -> dict[str, Any]:
        """Create a model whose role, image and data can be used."""
        name, tags = call.params["ModelName"], tag_map(call.params.get("Tags"))
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, new_tags=tags, context=network_context(call.params))
        role = self._role(call)
        container = self._container(call)
        try:
            self._sources.check(container["Image"], container.get("ModelDataUrl"), role)
        except LaunchError as error:
            raise invalid(str(error)) from error
        with self._state.lock:
            models = self._state.table(call.account, "models")
            if name in models:
                raise invalid(f'Cannot create already existing model "{arn}".')
            models[name] = {
                **pick(call.params, _KEPT),
                "EnableNetworkIsolation": call.params.get("EnableNetworkIsolation", False),
                "ModelArn": arn,
                "CreationTime": now(),
                "Container": container,
            }
            put_tags(self._state, arn, tags)
        return {"ModelArn": arn}

    def describe_model(self, call: Call) -> dict[str, Any]:
        """Describe a model."""
        model = self._authorized(call)
        return {name: value for name, value in model.items() if name != "Container"}

    def list_models(self, call: Call) -> dict[str, Any]:
        """List the account's models, newest first."""
        call.authorize("*")
        with self._state.lock:
            models = list(self._state.table(call.account, "models").values())
        summaries = [pick(model, ["ModelName", "ModelArn", "CreationTime"]) for model in models]
        return page(summaries, call.params, result="Models", name="ModelName")

    def delete_model(self, call: Call) -> None:
        """Delete the entry; archive, image and endpoints stay."""
        with self._state.lock:
            model = self._authorized(call)
            del self._state.table(call.account, "models")[model["ModelName"]]
            put_tags(self._state, model["ModelArn"], {})

    def _authorized(self, call: Call) -> Record:
        """Return the model a call names, if the caller may."""
        name = call.params["ModelName"]
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, tags=self._state.tags(arn))
        return existing(self._state, call.account, "models", name)

    def _role(self, call: Call) -> str:
        """Return the execution role, if it may be passed and SageMaker may assume it."""
        role = call.params.get("ExecutionRoleArn")
        if not role:
            raise invalid("ExecutionRoleArn is missing: a model needs a role to read its image and data.")
        call.authorize_role(role)
        if not call.authority.trusts_sagemaker(role):
            raise invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role."
            )
        return str(role)

    def _container(self, call: Call) -> Record:
        """Return the container with its image, archive and environment, out of a model package if it names one."""
        container = call.params.get("PrimaryContainer")
        if container is None:
            raise invalid("PrimaryContainer is missing: a model needs one container.")
        if "ModelPackageName" in container:
            container = {**self._packaged(call, container["ModelPackageName"]), **pick(container, ["Environment"])}
        if "Image" not in container:
            raise invalid("PrimaryContainer has no Image.")
        return pick(container, ["Image", "ModelDataUrl", "Environment"])

    def _packaged(self, call: Call, name: str) -> Record:
        """Return the only container of a model package, also of another account's that shares it."""
        arn, policy, package = find_package(self._state, call, name)
        if arns.account_of(arn) != call.account:
            action = "sagemaker:CreateModel"
            if not policy or not call.authority.policy_allows(call.headers, policy, action, arn):
                raise denied(f"User: {call.principal.arn} is not authorized to perform: {action} on resource: {arn}")
        containers = existing_package(arn, package).get("InferenceSpecification", {}).get("Containers", [])
        if len(containers) != 1:
            raise invalid(f"ModelPackage {arn} has {len(containers)} containers, expected 1.")
        first: Record = containers[0]
        if digest := first.get("ImageDigest"):
            first = {**first, "Image": _pinned(first["Image"], digest)}
        return first


def _pinned(image: str, digest: str) -> str:
    """Put a digest in the place of an image's tag."""
    registry, _, repository = image.partition("@")[0].rpartition("/")
    return f"{registry}/{repository.partition(':')[0]}@{digest}"


def existing(state: State, account: str, table: str, name: str) -> Record:
    """Refuse a model, an endpoint config or an endpoint that does not exist, in AWS's words."""
    record = state.table(account, table).get(name)
    if record is None:
        noun, kind = {
            "models": ("model", "model"),
            "configs": ("endpoint configuration", "endpoint-config"),
            "endpoints": ("endpoint", "endpoint"),
        }[table]
        raise invalid(f'Could not find {noun} "{arns.arn(account, kind, name)}".')
    return record


def network_context(params: dict[str, Any]) -> dict[str, Any]:
    """Return the condition keys of network settings."""
    context: dict[str, Any] = {}
    if vpc := params.get("VpcConfig"):
        context["sagemaker:VpcSecurityGroupIds"] = vpc["SecurityGroupIds"]
        context["sagemaker:VpcSubnets"] = vpc["Subnets"]
    if "EnableNetworkIsolation" in params:
        context["sagemaker:NetworkIsolation"] = str(params["EnableNetworkIsolation"]).lower()
    return context
