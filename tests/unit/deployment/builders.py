"""Endpoints, plans and documents as the tests of a deployment need them."""

from datetime import UTC, datetime
from typing import Any

from pressrun.deployment.documents import Pinned, Workload
from pressrun.deployment.endpoint import Endpoint, Variant
from pressrun.deployment.plan import StagePlan
from pressrun.release.manifest import Manifest
from pressrun.service.spec import ServiceSpec

RELEASE = "reranking-7-0123abcd-1"
LIVE = "reranking-6-99999999-1"
IMAGE = f"111111111111.dkr.ecr.us-east-1.amazonaws.com/pressrun/reranking@sha256:{'a' * 64}"
DIGEST = f"sha256:{'a' * 64}"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def pinned(**spec: Any) -> Pinned:
    manifest = Manifest.model_validate(
        {
            "service": "reranking",
            "model_package_arn": "arn:aws:sagemaker:us-east-1:111111111111:model-package/reranking/7",
            "model_package_version": 7,
            "image": {"repository": IMAGE.partition("@")[0], "digest": DIGEST},
            "model": {"key": "models/sha256/b/model.tar.gz", "sha256": "b" * 64, "url": "s3://artifacts/model.tar.gz"},
            "spec": {"key": f"specs/reranking/{'5' * 64}/service.json", "digest": "5" * 64},
            "code_revision": "test",
            "approved_since": "2026-11-23T10:00:00Z",
        }
    )
    return Pinned(manifest=manifest, spec=ServiceSpec.model_validate({"name": "reranking", "owner": "search", **spec}))


def variant(name: str = "stable", weight: float = 1, count: int = 1, **values: Any) -> Variant:
    return Variant(
        **{
            "name": name,
            "current_weight": weight,
            "desired_weight": weight,
            "current_count": count,
            "desired_count": count,
            **values,
        }
    )


def endpoint(*variants: Variant, status: str = "InService", config: str = f"{LIVE}-live", **values: Any) -> Endpoint:
    return Endpoint(
        name="reranking",
        status=status,
        config_name=config,
        modified_at=values.pop("modified_at", NOON),
        variants=list(variants) or [variant()],
        **values,
    )


def plan(**values: Any) -> dict[str, Any]:
    return StagePlan.model_validate(
        {
            "release_id": RELEASE,
            "service": "reranking",
            "stage": "prod",
            "endpoint_name": "reranking",
            "strategy": "weights",
            "phase": "open",
            "stable": "stable",
            "canary": "canary",
            "live_config": f"{LIVE}-live",
            "instance_type": "ml.c6i.xlarge",
            "instance_count": 3,
            "poll_seconds": 10,
            "load_test": None,
            **values,
        }
    ).model_dump()


def workload(**values: Any) -> Workload:
    return Workload(
        execution_role_arn="arn:aws:iam::444444444444:role/pressrun-execution", **{"tags": {"owner": "mlops"}, **values}
    )


def described(document: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a document as SageMaker describes it: without tags, with a time."""
    return document and {"CreationTime": NOON, **{key: document[key] for key in document if key != "Tags"}}


class FakeSageMaker:
    """Endpoints, configs and models in dictionaries."""

    def __init__(self, found: Endpoint | None = None, configs: dict[str, Any] | None = None) -> None:
        self.found = found
        self.configs = configs or {}
        self.models: dict[str, Any] = {}
        self.calls: list[tuple[Any, ...]] = []

    def describe(self, endpoint_name: str) -> Endpoint | None:
        return self.found

    def config(self, name: str) -> dict[str, Any] | None:
        return described(self.configs.get(name))

    def model(self, name: str) -> dict[str, Any] | None:
        return described(self.models.get(name))

    def create_model(self, document: dict[str, Any]) -> None:
        self.models[document["ModelName"]] = document

    def create_config(self, document: dict[str, Any]) -> None:
        self.configs[document["EndpointConfigName"]] = document

    def create_endpoint(self, endpoint_name: str, config_name: str, tags: dict[str, str]) -> None:
        self.calls.append(("create", config_name))

    def update_endpoint(self, endpoint_name: str, config_name: str, *, keep_counts: bool = False) -> None:
        self.calls.append(("update", config_name, keep_counts))

    def deregister(self, endpoint_name: str, variant: str) -> None:
        self.calls.append(("deregister", variant))
