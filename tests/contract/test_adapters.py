"""What adapters send: typed by AWS's own model, and the same in the model the embedded AWS answers with."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import Loader

from tests.contract.machines import ROOT

ADAPTERS = sorted((ROOT / "layers/common/pressrun/aws").glob("*.py"))
EMBEDDED = next((ROOT / ".localaws/venv/lib").glob("python3*/site-packages/botocore/data"))

# The stubs' name of a client -> the service's name in AWS's model.
SERVICE_OF = {
    "ApplicationAutoScalingClient": "application-autoscaling",
    "CloudWatchClient": "cloudwatch",
    "ECRClient": "ecr",
    "EventBridgeClient": "events",
    "S3Client": "s3",
    "SFNClient": "stepfunctions",
    "SSMClient": "ssm",
    "SageMakerClient": "sagemaker",
    "SageMakerRuntimeClient": "sagemaker-runtime",
    "Table": "dynamodb",
}
UNTYPED = {"workload"}  # one GetParameter; the stubs of ssm are not installed
STATUSES = {
    "EndpointStatus": {"InService", "Failed", "UpdateRollbackFailed", "OutOfService", "SystemUpdating", "Updating"}
}


def services_of(path: Path) -> set[str]:
    """Return the services whose clients an adapter has, by the types it imports and the clients it makes."""
    text = path.read_text()
    typed = {SERVICE_OF[name] for name in SERVICE_OF if re.search(rf"import .*\b{name}\b", text)}
    return typed | set(re.findall(r'\.client\("([a-z-]+)"\)', text))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of a client's method, by the method's name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if re.search(r"(_client|\.client\(.*\)|_runtime|_table|\btable|_sqs|_cloudwatch)$", owner):
                yield node.func.attr, node


@cache
def operations(service: str) -> dict[str, str]:
    """Return a service's operations by their method's name."""
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(name): name for name in model.operation_names}


def used() -> set[tuple[str, str]]:
    """Return every operation that an adapter may call."""
    found = set()
    for path in ADAPTERS:
        for method, _ in calls(path):
            found |= {(s, operations(s)[method]) for s in services_of(path) if method in operations(s)}
    return found


@cache
def models(service: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a service's model as the product has it, and as the embedded AWS has it."""
    embedded = Loader(extra_search_paths=[str(EMBEDDED)], include_default_search_paths=False)
    return tuple(loader.load_service_model(service, "service-2") for loader in (Loader(), embedded))


def test_the_test_sees_the_calls() -> None:
    assert {
        ("sagemaker", "UpdateEndpoint"),
        ("sagemaker", "UpdateEndpointWeightsAndCapacities"),
        ("cloudwatch", "GetMetricData"),
        ("stepfunctions", "StartExecution"),
        ("s3", "PutObject"),
    } <= used()


@pytest.mark.parametrize("path", [p for p in ADAPTERS if p.stem not in UNTYPED], ids=lambda path: path.stem)
def test_every_client_is_typed_so_that_requests_are_checked(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.arg) and node.arg in {"client", "table", "runtime"}:
            assert node.annotation is not None
            assert ast.unparse(node.annotation) != "Any", node.arg


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_every_request_has_members_of_its_model_and_all_that_are_required(path: Path) -> None:
    for method, call in calls(path):
        for service in services_of(path):
            if method in operations(service) and service != "dynamodb":
                model, _ = models(service)
                shape = model["operations"][operations(service)[method]]["input"]["shape"]
                given = {keyword.arg for keyword in call.keywords if keyword.arg}
                assert given <= set(_members(model, shape)), f"{method}: {given}"
                if all(keyword.arg for keyword in call.keywords) and not call.args:
                    assert set(_required(model, shape)) <= given, f"{method}: {given}"


@pytest.mark.parametrize(("service", "operation"), sorted(used()))
def test_the_embedded_aws_knows_the_same_request_and_answer(service: str, operation: str) -> None:
    """Two versions of botocore: what the product may send or read must be in the older one as well."""
    ours, theirs = models(service)
    for side in ("input", "output"):
        mine = ours["operations"][operation].get(side)
        if mine:
            other = theirs["operations"][operation][side]
            missing = set(_required(ours, mine["shape"])) - set(_members(theirs, other["shape"]))
            assert not missing, f"{side}: {missing}"


def test_statuses_named_in_the_code_are_statuses_of_the_model() -> None:
    for shape, names in STATUSES.items():
        assert names <= set(models("sagemaker")[0]["shapes"][shape]["enum"])
    text = "".join(path.read_text() for path in (ROOT / "layers/common/pressrun").glob("**/*.py"))
    assert all(f'"{name}"' in text or f"'{name}'" in text for name in STATUSES["EndpointStatus"])


def _required(model: dict[str, Any], shape: str) -> Iterator[str]:
    yield from model["shapes"][shape].get("required", [])


def _members(model: dict[str, Any], shape: str) -> Iterator[str]:
    yield from model["shapes"][shape].get("members", {})
