"""Endpoints: their states, updates, silent rollbacks, weights and capacities."""

import contextlib
import io
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.process import LocalAws
from tests.localaws.twin.conftest import Bus
from tests.localaws.twin.hosting import BUCKET, Workload, wait_for


def two_variants(workload: Workload, canary: str, **canary_more: Any) -> str:
    return workload.config(
        [
            {"ModelName": workload.model("stable")},
            {"VariantName": "canary", "ModelName": canary, "InitialVariantWeight": 0, **canary_more},
        ]
    )


def variants_of(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {variant["VariantName"]: variant for variant in description["ProductionVariants"]}


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Return a file that containers wait for, and that is there."""
    path = tmp_path / "open"
    path.touch()
    return path


def test_a_new_endpoint_is_created_and_then_in_service(workload: Workload, dev_bus: Bus, gate: Path) -> None:
    gate.unlink()
    config = workload.config([{"ModelName": workload.model("one", data=workload.archive("v1"), gate=gate)}])
    name = f"endpoint-{uuid.uuid4().hex[:8]}"
    tags = [{"Key": "pressrun:service", "Value": "text-embedding"}]
    workload.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=tags)
    creating = workload.sagemaker.describe_endpoint(EndpointName=name)
    assert creating["EndpointStatus"] == "Creating"
    assert creating["PendingDeploymentSummary"]["EndpointConfigName"] == config
    assert "ProductionVariants" not in creating
    gate.touch()
    serving = workload.settled(name)
    assert (serving["EndpointStatus"], serving["EndpointConfigName"]) == ("InService", config)
    assert "PendingDeploymentSummary" not in serving
    stable = variants_of(serving)["stable"]
    assert stable["DeployedImages"][0]["ResolvedImage"].endswith(f"@{workload.digest}")
    assert (stable["CurrentInstanceCount"], stable["CurrentWeight"]) == (1, 1.0)
    said = workload.invoke(name)["Said"]
    assert (said["answer"], said["model"]) == ("one", "v1")
    began, ended = dev_bus.wait_for(lambda detail: detail.get("EndpointName") == name, count=2)
    assert [event["detail"]["EndpointStatus"] for event in (began, ended)] == ["CREATING", "IN_SERVICE"]
    assert ended["detail-type"] == "SageMaker Endpoint State Change"
    assert ended["detail"]["ProductionVariants"] == [{"DesiredWeight": 1.0, "DesiredInstanceCount": 1.0}]
    assert ended["detail"]["CreationTime"] == serving["CreationTime"].timestamp() * 1000
    assert ended["detail"]["Tags"] == {"pressrun:service": "text-embedding"}
    workload.delete(name)


def test_a_container_that_is_never_healthy_fails_the_creation(workload: Workload) -> None:
    config = workload.config([{"ModelName": workload.model(starts="crash")}])
    name = workload.endpoint(config)
    failed = workload.sagemaker.describe_endpoint(EndpointName=name)
    assert failed["EndpointStatus"] == "Failed"
    assert "production variant stable did not pass the ping health check" in failed["FailureReason"]
    with pytest.raises(ClientError, match=r"Cannot update endpoint .* in Failed state"):
        workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    workload.delete(name)


def test_a_container_that_outgrows_its_instance_is_killed(workload: Workload) -> None:
    config = workload.config([{"ModelName": workload.model(), "InstanceType": "ml.t2.medium"}])
    name = workload.endpoint(config)
    first = workload.invoke(name)["Said"]["pid"]
    with contextlib.suppress(ClientError):  # it may be killed before it answers
        workload.invoke(name, {"eat": 500})
    assert wait_for(lambda: _pid(workload, name, other_than=first)) != first
    assert "Out of memory" in workload.localaws.log()
    workload.delete(name)


def _pid(workload: Workload, name: str, other_than: int) -> int | None:
    try:
        pid = int(workload.invoke(name)["Said"]["pid"])
    except ClientError:
        return None
    return pid if pid != other_than else None


def test_an_update_starts_fresh_processes_for_every_variant(workload: Workload, gate: Path) -> None:
    stable = workload.model("stable")
    name = workload.endpoint(workload.config([{"ModelName": stable}]))
    before = workload.invoke(name)["Said"]["pid"]
    gate.unlink()
    config = two_variants(workload, workload.model("canary", gate=gate))
    workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    updating = workload.sagemaker.describe_endpoint(EndpointName=name)
    assert (updating["EndpointStatus"], updating["EndpointConfigName"] == config) == ("Updating", False)
    assert updating["PendingDeploymentSummary"]["EndpointConfigName"] == config
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        workload.sagemaker.delete_endpoint(EndpointName=name)
    gate.touch()
    assert workload.settled(name)["EndpointConfigName"] == config
    stable_said, canary_said = (
        workload.invoke(name, TargetVariant=variant)["Said"] for variant in ("stable", "canary")
    )
    assert (stable_said["answer"], canary_said["answer"]) == ("stable", "canary")
    assert stable_said["pid"] != before
    assert {workload.invoke(name)["InvokedProductionVariant"] for _ in range(10)} == {"stable"}
    workload.delete(name)


def test_an_update_that_cannot_start_is_rolled_back_silently(workload: Workload) -> None:
    proven = workload.config([{"ModelName": workload.model("stable")}])
    name = workload.endpoint(proven)
    before = workload.invoke(name)["Said"]["pid"]
    broken = two_variants(workload, workload.model(starts="crash"))
    workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=broken)
    settled = workload.settled(name)
    assert (settled["EndpointStatus"], settled["EndpointConfigName"]) == ("InService", proven)
    assert list(variants_of(settled)) == ["stable"]
    assert workload.invoke(name)["Said"]["pid"] == before
    workload.delete(name)


def test_an_update_resets_weights_and_counts_unless_they_are_retained(workload: Workload) -> None:
    name = workload.endpoint(two_variants(workload, workload.model("canary")))
    change = [{"VariantName": "canary", "DesiredWeight": 3}, {"VariantName": "stable", "DesiredInstanceCount": 2}]
    for each in change:
        workload.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[each])
        workload.settled(name)
    other = two_variants(workload, workload.model("canary"))
    workload.sagemaker.update_endpoint(
        EndpointName=name,
        EndpointConfigName=other,
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    kept = variants_of(workload.settled(name))
    assert (kept["stable"]["CurrentInstanceCount"], kept["canary"]["CurrentWeight"]) == (2, 0.0)
    assert len({workload.invoke(name)["Said"]["pid"] for _ in range(10)}) == 2
    workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other)
    assert variants_of(workload.settled(name))["stable"]["CurrentInstanceCount"] == 1
    workload.delete(name)


def test_weights_come_into_force_at_the_end_of_the_update(workload: Workload, gate: Path) -> None:
    name = workload.endpoint(two_variants(workload, workload.model("canary", gate=gate)))
    gate.unlink()
    workload.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name,
        DesiredWeightsAndCapacities=[
            {"VariantName": "stable", "DesiredWeight": 0},
            {"VariantName": "canary", "DesiredWeight": 1, "DesiredInstanceCount": 2},
        ],
    )
    changing = variants_of(workload.sagemaker.describe_endpoint(EndpointName=name))["canary"]
    assert (changing["DesiredWeight"], changing["CurrentWeight"]) == (1.0, 0.0)
    assert workload.invoke(name)["InvokedProductionVariant"] == "stable"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        workload.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": "stable", "DesiredWeight": 1}]
        )
    gate.touch()
    settled = variants_of(workload.settled(name))
    assert {name: variant["CurrentWeight"] for name, variant in settled.items()} == {"stable": 0.0, "canary": 1.0}
    assert {workload.invoke(name)["InvokedProductionVariant"] for _ in range(10)} == {"canary"}
    workload.delete(name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ([{"VariantName": "other", "DesiredWeight": 1}], 'variant name.* "other"'),
        ([{"VariantName": "stable", "DesiredWeight": 0}], "needs a weight above 0"),
        ([{"VariantName": "stable", "DesiredInstanceCount": 0}], "at least 1"),
        (
            [{"VariantName": name, "DesiredInstanceCount": 2} for name in ("stable", "canary")],
            "capacity of one variant",
        ),
    ],
)
def test_a_change_of_weights_that_cannot_be_is_refused(
    workload: Workload, change: list[dict[str, Any]], message: str
) -> None:
    name = workload.endpoint(two_variants(workload, workload.model("canary")))
    with pytest.raises(ClientError, match=message):
        workload.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=change)
    workload.delete(name)


def test_an_endpoint_whose_config_was_deleted_serves_but_cannot_be_updated(workload: Workload) -> None:
    config = workload.config([{"ModelName": workload.model("stable")}])
    name = workload.endpoint(config)
    other = workload.config([{"ModelName": workload.model("other")}])
    workload.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert workload.invoke(name)["Said"]["answer"] == "stable"
    with pytest.raises(ClientError, match=f"Could not find endpoint configuration .*{config}"):
        workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=other)
    workload.delete(name)


def test_a_deleted_endpoint_is_a_validation_error(workload: Workload) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model()}]))
    workload.delete(name)
    with pytest.raises(ClientError, match=f"Could not find endpoint .*{name}") as unknown:
        workload.sagemaker.describe_endpoint(EndpointName=name)
    assert unknown.value.response["Error"]["Code"] == "ValidationException"
    with pytest.raises(ClientError, match=f"Endpoint {name} of account 222222222222 not found"):
        workload.invoke(name)


def test_an_endpoint_is_created_once(workload: Workload) -> None:
    config = workload.config([{"ModelName": workload.model()}])
    name = workload.endpoint(config)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        workload.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    workload.delete(name)


def test_accounts_do_not_see_each_others_endpoints(workload: Workload, localaws: LocalAws) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model()}]))
    qa = localaws.client("sagemaker", "qa")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        qa.describe_endpoint(EndpointName=name)
    assert name not in [each["EndpointName"] for each in qa.list_endpoints()["Endpoints"]]
    with pytest.raises(ClientError, match="of account 333333333333 not found"):
        localaws.client("sagemaker-runtime", "qa").invoke_endpoint(EndpointName=name, Body=b"")
    workload.delete(name)


def test_archives_with_a_way_out_are_not_unpacked(workload: Workload, localaws: LocalAws) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    localaws.client("s3").put_object(Bucket=BUCKET, Key="evil/model.tar.gz", Body=buffer.getvalue())
    model = workload.model(data=f"s3://{BUCKET}/evil/model.tar.gz")
    name = workload.endpoint(workload.config([{"ModelName": model}]))
    failed = workload.sagemaker.describe_endpoint(EndpointName=name)
    assert failed["EndpointStatus"] == "Failed"
    assert "'link' is not a plain file" in failed["FailureReason"]
    workload.delete(name)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("AsyncInferenceConfig", {"OutputConfig": {"S3OutputPath": "s3://a/b"}}),
        (
            "DataCaptureConfig",
            {
                "InitialSamplingPercentage": 1,
                "DestinationS3Uri": "s3://a/b",
                "CaptureOptions": [{"CaptureMode": "Input"}],
            },
        ),
        ("ShadowProductionVariants", [{"VariantName": "shadow", "ModelName": "m", "InstanceType": "ml.c6i.large"}]),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(workload: Workload, parameter: str, value: Any) -> None:
    with pytest.raises(ClientError, match=f"{parameter} of CreateEndpointConfig is not emulated"):
        workload.config([{"ModelName": workload.model()}], **{parameter: value})


def test_a_deployment_config_is_refused_by_name(workload: Workload) -> None:
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
    }
    with pytest.raises(ClientError, match="DeploymentConfig of UpdateEndpoint is not emulated"):
        workload.sagemaker.update_endpoint(EndpointName="a", EndpointConfigName="b", DeploymentConfig=deployment)


def test_an_account_has_a_quota_of_instances(workload: Workload) -> None:
    model = workload.model()
    small, large = ({"ModelName": model, "InstanceType": "ml.r5.large", "InitialInstanceCount": n} for n in (1, 20))
    other = {**small, "VariantName": "canary"}
    name = workload.endpoint(workload.config([small, other]))
    too_many = workload.config([large])
    with pytest.raises(
        ClientError, match=r"limit 'ml\.r5\.large for endpoint usage' is 20 .* utilization of 2"
    ) as full:
        workload.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=too_many)
    assert full.value.response["Error"]["Code"] == "ResourceLimitExceeded"
    with pytest.raises(ClientError, match="request delta of 20 Instances"):
        workload.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=name,
            DesiredWeightsAndCapacities=[
                {"VariantName": "stable", "DesiredInstanceCount": 21},
                {"VariantName": "canary", "DesiredWeight": 1},
            ],
        )
    with pytest.raises(ClientError, match="ResourceLimitExceeded"):
        workload.sagemaker.create_endpoint(EndpointName="another", EndpointConfigName=too_many)
    assert workload.settled(name)["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    workload.delete(name)
