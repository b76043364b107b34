from pathlib import Path

from pressrun.rollout.fuse import alarm, alarm_name


def test_the_fuse_is_absolute_and_a_silent_canary_does_not_blow_it() -> None:
    found = alarm("reranking", "canary", "reranking")
    assert found["AlarmName"] == alarm_name("reranking", "canary") == "pressrun-reranking-canary-5xx"
    assert (found["Threshold"], found["ComparisonOperator"]) == (0.2, "GreaterThanThreshold")
    assert (found["DatapointsToAlarm"], found["EvaluationPeriods"]) == (2, 3)
    assert found["TreatMissingData"] == "notBreaching"


def test_the_fuse_looks_at_one_variant_alone() -> None:
    stats = [query["MetricStat"] for query in alarm("reranking", "canary", "reranking")["Metrics"][:2]]
    assert {stat["Metric"]["MetricName"] for stat in stats} == {"Invocation5XXErrors", "InvocationModelErrors"}
    for stat in stats:
        assert stat["Metric"]["Dimensions"][1] == {"Name": "VariantName", "Value": "canary"}
        assert (stat["Period"], stat["Stat"]) == (10, "Average")


def test_the_fuse_names_its_runbook() -> None:
    description = alarm("reranking", "canary", "reranking")["AlarmDescription"]
    assert Path(description.rpartition("Runbook: ")[2]) == Path("docs/runbooks/CanaryErrorRateHigh.md")
