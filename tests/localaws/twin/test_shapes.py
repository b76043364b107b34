"""Requests are checked against the service model with all its bounds."""

from typing import Any

import pytest

from localaws.twin.errors import ServiceError
from localaws.twin.shapes import check_input, problems, service_model

VARIANT = {"VariantName": "stable", "ModelName": "m", "InstanceType": "ml.c6i.large", "InitialInstanceCount": 1}


def config(**variant: Any) -> dict[str, Any]:
    return {"EndpointConfigName": "c", "ProductionVariants": [{**VARIANT, **variant}]}


def check(operation: str, params: dict[str, Any]) -> None:
    check_input(service_model("sagemaker").operation_model(operation).input_shape, params)


def test_a_request_within_its_bounds_passes() -> None:
    check("CreateEndpointConfig", config(InitialVariantWeight=0.5))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"ProductionVariants": [VARIANT]}, "Value null at 'endpointConfigName' .* must not be null"),
        ({**config(), "Nonsense": 1}, "Unknown parameter 'Nonsense'"),
        (config(VariantName=1), r"'1' at 'productionVariants.1.member.variantName' .* type string"),
        (config(InitialInstanceCount=True), "Member must be of type integer"),
        (config(InitialInstanceCount=0), "must have value greater than or equal to 1"),
        (config(VolumeSizeInGB=513), "must have value less than or equal to 512"),
        (config(VariantName="x" * 64), "must have length less than or equal to 63"),
        (config(VariantName="a_b"), "must satisfy regular expression pattern"),
        (config(InstanceType="ml.nope"), "must satisfy enum value set"),
        ({"EndpointConfigName": "c", "ProductionVariants": []}, "length greater than or equal to 1"),
    ],
)
def test_a_broken_bound_is_named(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message) as refused:
        check("CreateEndpointConfig", params)
    assert refused.value.code == "ValidationException"


def test_every_broken_bound_is_counted() -> None:
    with pytest.raises(ServiceError, match=r"^2 validation errors detected: .*; .*"):
        check("CreateEndpointConfig", config(VariantName="a b", InitialInstanceCount=0))


def test_a_pattern_has_to_match_the_whole_value() -> None:
    with pytest.raises(ServiceError, match="regular expression"):
        check("DescribeEndpoint", {"EndpointName": "fine-but\n"})


@pytest.mark.parametrize(("key", "fits"), [("größe:tier/1 x", True), ("bad#key", False)])
def test_javas_character_categories_are_understood(key: str, fits: bool) -> None:
    shape = service_model("sagemaker").shape_for("TagKey")
    assert (list(problems(shape, key)) == []) is fits


def test_every_pattern_of_the_models_can_be_read() -> None:
    from localaws.twin.patterns import compiled

    for service in ("sagemaker", "application-autoscaling"):
        model = service_model(service)
        for name in model.shape_names:
            if pattern := model.shape_for(name).metadata.get("pattern"):
                compiled(pattern)


def test_an_answer_without_a_required_member_is_a_problem() -> None:
    shape = service_model("sagemaker").operation_model("DescribeEndpoint").output_shape
    assert shape
    assert len(list(problems(shape, {}))) == 5
