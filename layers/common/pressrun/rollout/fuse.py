"""The last fuse of a rollout: an alarm on failures that does not ask who is to blame."""

from typing import Any

RATE = 0.2
PERIOD_SECONDS = 10
RUNBOOK = "docs/runbooks/CanaryErrorRateHigh.md"


def alarm_name(endpoint_name: str, variant: str) -> str:
    """Name a variant's fuse."""
    return f"pressrun-{endpoint_name}-{variant}-5xx"


def alarm(endpoint_name: str, variant: str, service: str, *, period: int = PERIOD_SECONDS) -> dict[str, Any]:
    """Return the alarm: more than 20 % of a variant's requests fail, in 2 of 3 periods.

    A container's 5XX is a model error too, and a 5XX of the platform is none, so the larger rate counts. A period
    without requests has no failures, hence "not breaching".
    """
    return {
        "AlarmName": alarm_name(endpoint_name, variant),
        "AlarmDescription": (
            f"More than {RATE:.0%} of the requests to variant {variant} of {endpoint_name} fail. Runbook: {RUNBOOK}"
        ),
        "Metrics": [
            _rate("errors5xx", "Invocation5XXErrors", endpoint_name, variant, period),
            _rate("modelerrors", "InvocationModelErrors", endpoint_name, variant, period),
            {"Id": "failing", "Expression": "MAX([errors5xx, modelerrors])", "ReturnData": True},
        ],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": RATE,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "TreatMissingData": "notBreaching",
        "Tags": [{"Key": "pressrun:service", "Value": service}],
    }


def _rate(identifier: str, metric: str, endpoint_name: str, variant: str, period: int) -> dict[str, Any]:
    """Return the share of failing requests: SageMaker records 1 or 0 for each, so the average is the rate."""
    return {
        "Id": identifier,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/SageMaker",
                "MetricName": metric,
                "Dimensions": [
                    {"Name": "EndpointName", "Value": endpoint_name},
                    {"Name": "VariantName", "Value": variant},
                ],
            },
            "Period": period,
            "Stat": "Average",
        },
        "ReturnData": False,
    }
