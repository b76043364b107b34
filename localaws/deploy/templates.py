"""Templates as CloudFormation takes them: local paths become objects of a bucket."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Upload = Callable[[str], tuple[str, str]]  # a path relative to the template -> (bucket, key)

# Resource type -> the property that names a local path, and how the object is named in its place.
_PATHS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "AWS::Serverless::Function": ("CodeUri", lambda bucket, key: f"s3://{bucket}/{key}"),
    "AWS::Serverless::LayerVersion": ("ContentUri", lambda bucket, key: f"s3://{bucket}/{key}"),
    "AWS::StepFunctions::StateMachine": ("DefinitionS3Location", lambda bucket, key: {"Bucket": bucket, "Key": key}),
}


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Turn `!Sub x` into `{"Fn::Sub": "x"}`."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def load(path: Path) -> dict[str, Any]:
    """Read a template, its functions in their long form."""
    found: dict[str, Any] = yaml.load(path.read_text(), Loader=_Loader)
    return found


def packaged(template: dict[str, Any], upload: Upload) -> dict[str, Any]:
    """Return the template with every local path uploaded and named as an object."""
    resources = {}
    for name, resource in template["Resources"].items():
        found = _PATHS.get(resource["Type"])
        properties = dict(resource.get("Properties", {}))
        if found and isinstance(properties.get(found[0]), str):
            properties[found[0]] = found[1](*upload(properties[found[0]]))
            resource = {**resource, "Properties": properties}
        resources[name] = resource
    return {**template, "Resources": resources}


def definition(path: Path) -> bytes:
    """Return a state machine's definition as JSON."""
    return json.dumps(yaml.safe_load(path.read_text()), separators=(",", ":")).encode()
