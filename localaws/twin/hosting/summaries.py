"""What DescribeEndpoint shows of variants, those in service and those to come."""

from typing import Any

from localaws.twin.fleet.images import ResolvedImage
from localaws.twin.listing import pick
from localaws.twin.state import Record, now


def wanted_variants(config: Record) -> list[Record]:
    """Return the weights and counts that a config asks for."""
    return [
        {
            "VariantName": variant["VariantName"],
            "DesiredWeight": variant["InitialVariantWeight"],
            "DesiredInstanceCount": variant["InitialInstanceCount"],
        }
        for variant in config["ProductionVariants"]
    ]


def retained_variants(endpoint: Record, config: Record, params: dict[str, Any]) -> list[Record]:
    """Return what an update asks for: the config's values, or the endpoint's present ones where retained."""
    wanted = wanted_variants(config)
    if not params.get("RetainAllVariantProperties"):
        return wanted
    reset = {each["VariantPropertyType"] for each in params.get("ExcludeRetainedVariantProperties", [])}
    kept = [name for name in ("DesiredWeight", "DesiredInstanceCount") if name not in reset]
    present = {variant["VariantName"]: pick(variant, kept) for variant in endpoint["ProductionVariants"]}
    return [{**variant, **present.get(variant["VariantName"], {})} for variant in wanted]


def pending_summary(config: Record, variants: list[Record], started: float) -> Record:
    """Return the summary of a deployment that begins."""
    types = {variant["VariantName"]: variant["InstanceType"] for variant in config["ProductionVariants"]}
    return {
        "EndpointConfigName": config["EndpointConfigName"],
        "StartTime": started,
        "ProductionVariants": [
            {
                **variant,
                "CurrentWeight": 0.0,
                "CurrentInstanceCount": 0,
                "InstanceType": types[variant["VariantName"]],
                "VariantStatus": [
                    {
                        "Status": "Creating",
                        "StatusMessage": f"Launching {variant['DesiredInstanceCount']} instance(s).",
                        "StartTime": started,
                    }
                ],
            }
            for variant in variants
        ],
    }


def in_service(pending: Record, variant: Record, image: ResolvedImage) -> Record:
    """Return the summary of a variant whose fleet took over."""
    return {
        "VariantName": pending["VariantName"],
        "DeployedImages": [
            {"SpecifiedImage": image.specified, "ResolvedImage": image.resolved, "ResolutionTime": now()}
        ],
        "CurrentWeight": pending["DesiredWeight"],
        "DesiredWeight": pending["DesiredWeight"],
        "CurrentInstanceCount": pending["DesiredInstanceCount"],
        "DesiredInstanceCount": pending["DesiredInstanceCount"],
        **pick(variant, ["RoutingConfig"]),
    }
