from typing import Any

import pytest

from pressrun.deployment.config import PrepareConfig, prepare
from pressrun.errors import ReleaseChangedError
from tests.unit.deployment.builders import (
    IMAGE,
    LIVE,
    RELEASE,
    FakeSageMaker,
    endpoint,
    pinned,
    plan,
    variant,
    workload,
)

LIVE_CONFIG = {
    "EndpointConfigName": f"{LIVE}-live",
    "ProductionVariants": [
        {
            "VariantName": "stable",
            "ModelName": LIVE,
            "InstanceType": "ml.c5.large",
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 0.5,
        }
    ],
}


def sagemaker(*variants: Any) -> FakeSageMaker:
    return FakeSageMaker(endpoint(*variants), {f"{LIVE}-live": LIVE_CONFIG})


def prepared(fake: FakeSageMaker, phase: str, **values: Any) -> Any:
    command = PrepareConfig.model_validate({**plan(), "phase": phase})
    prepare(command, pinned(), IMAGE, workload(**values), fake)
    return fake.configs[f"{RELEASE}-{'open' if phase == 'open' else 'live'}"]


def variants(config: dict[str, Any]) -> dict[str, tuple[str, str, int, float]]:
    return {
        found["VariantName"]: (
            found["ModelName"],
            found["InstanceType"],
            found["InitialInstanceCount"],
            found["InitialVariantWeight"],
        )
        for found in config["ProductionVariants"]
    }


def test_open_keeps_stable_as_it_runs_and_puts_the_canary_beside_it_at_weight_0() -> None:
    config = prepared(sagemaker(variant(count=3)), "open")
    assert variants(config) == {
        "stable": (LIVE, "ml.c5.large", 3, 1),
        "canary": (RELEASE, "ml.c6i.xlarge", 3, 0),
    }


def test_settle_leaves_the_new_model_alone_as_stable_at_the_canarys_counts() -> None:
    config = prepared(sagemaker(variant(weight=0), variant("canary", count=5)), "settle")
    assert variants(config) == {"stable": (RELEASE, "ml.c6i.xlarge", 5, 1)}


def test_whole_is_the_new_model_alone() -> None:
    assert variants(prepared(FakeSageMaker(), "whole")) == {"stable": (RELEASE, "ml.c6i.xlarge", 3, 1)}


def test_invocation_metrics_come_as_often_as_the_judge_polls() -> None:
    assert prepared(FakeSageMaker(), "whole")["MetricsConfig"] == {
        "EnableEnhancedMetrics": True,
        "MetricPublishFrequencyInSeconds": 10,
        "EnableDetailedObservability": False,
    }


def test_everything_carries_service_release_and_the_accounts_own_tags() -> None:
    fake = FakeSageMaker()
    config = prepared(fake, "whole")
    for document in (config, fake.models[RELEASE]):
        assert {tag["Key"]: tag["Value"] for tag in document["Tags"]} == {
            "owner": "mlops",
            "pressrun:service": "reranking",
            "pressrun:release": RELEASE,
        }


def test_the_model_is_the_pinned_image_and_archive_under_the_accounts_rules() -> None:
    fake = FakeSageMaker()
    prepared(
        fake, "whole", subnet_ids=["subnet-1"], security_group_ids=["sg-1"], network_isolation=True, kms_key_arn="key"
    )
    model = fake.models[RELEASE]
    assert model["PrimaryContainer"] == {"Image": IMAGE, "ModelDataUrl": "s3://artifacts/model.tar.gz"}
    assert model["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    assert model["EnableNetworkIsolation"]
    assert fake.configs[f"{RELEASE}-live"]["KmsKeyId"] == "key"


def test_a_repeat_finds_what_it_made_although_counts_have_changed() -> None:
    fake = sagemaker(variant(count=3))
    prepared(fake, "open")
    fake.configs[f"{RELEASE}-open"]["EndpointConfigArn"] = "told by SageMaker"
    fake.found = endpoint(variant(count=4))
    assert variants(prepared(fake, "open"))["stable"][2] == 3


@pytest.mark.parametrize(("kind", "key"), [("models", "PrimaryContainer"), ("configs", "ProductionVariants")])
def test_something_else_under_the_releases_name_is_named(kind: str, key: str) -> None:
    fake = FakeSageMaker()
    prepared(fake, "whole")
    document = getattr(fake, kind)[RELEASE if kind == "models" else f"{RELEASE}-live"]
    document[key] = [] if key == "ProductionVariants" else {"Image": "another"}
    with pytest.raises(ReleaseChangedError, match=f"with another {key}"):
        prepared(fake, "whole")


def test_something_that_was_not_asked_for_is_something_else() -> None:
    fake = FakeSageMaker()
    prepared(fake, "whole")
    fake.configs[f"{RELEASE}-live"]["DataCaptureConfig"] = {"EnableCapture": True}
    with pytest.raises(ReleaseChangedError, match="another DataCaptureConfig"):
        prepared(fake, "whole")


def test_a_live_config_that_is_gone_is_named() -> None:
    with pytest.raises(ReleaseChangedError, match=f"live config '{LIVE}-live'"):
        prepared(FakeSageMaker(endpoint()), "open")
