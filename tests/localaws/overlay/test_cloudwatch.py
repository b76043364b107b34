import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.overlay.resources import ended, event_queue, function, machine, role, start, unique, until
from tests.localaws.overlay.test_eventbridge import queue, received
from tests.localaws.process import LocalAws

PERIOD = 10


def dimensions(**named: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in named.items()]


def put(aws: LocalAws, namespace: str, values: list[float], *, ago: int = 2, **named: str) -> None:
    """Publish values into the middle of the period `ago` periods ago; two ago, no lag hides it."""
    start = (time.time() // PERIOD - ago) * PERIOD
    aws.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[{
        "MetricName": "Errors", "Dimensions": dimensions(**named), "Values": values, "Counts": [1.0] * len(values),
        "Timestamp": datetime.fromtimestamp(start + PERIOD / 2, UTC), "StorageResolution": 1}])  # fmt: skip


def alarm(aws: LocalAws, namespace: str, **fields: Any) -> str:
    name = unique("alarm")
    metric = {"Namespace": namespace, "MetricName": "Errors", "Statistic": "Sum", "Period": PERIOD}
    rule = {"EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold"}
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName=name, **{**({} if "Metrics" in fields else metric), **rule, **fields}
    )
    return name


def state(aws: LocalAws, name: str) -> str:
    [found] = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return str(found["StateValue"])


def query(namespace: str, stat: str = "Sum", name: str = "m1", **named: str) -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": "Errors", "Dimensions": dimensions(**named)}
    return {"Id": name, "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": stat}}


def read(aws: LocalAws, *queries: dict[str, Any], **fields: Any) -> list[list[float]]:
    now = datetime.now(UTC).timestamp()
    window = {"StartTime": datetime.fromtimestamp(now - 120, UTC), "EndTime": datetime.fromtimestamp(now + 60, UTC)}
    found = aws.client("cloudwatch").get_metric_data(MetricDataQueries=list(queries), **window, **fields)
    return [result["Values"] for result in found["MetricDataResults"]]


def test_an_alarm_watches_its_own_dimensions(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [5.0], variant="stable")
    put(localaws, namespace, [0.0], variant="canary")
    assert state(localaws, alarm(localaws, namespace, Dimensions=dimensions(variant="canary"))) == "OK"
    assert state(localaws, alarm(localaws, namespace, Dimensions=dimensions(variant="stable"))) == "ALARM"


def test_two_of_three_periods(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    for ago, value in ((4, 1.0), (3, 0.0), (2, 1.0)):
        put(localaws, namespace, [value], ago=ago)
    assert state(localaws, alarm(localaws, namespace, EvaluationPeriods=3, DatapointsToAlarm=3)) == "OK"
    assert state(localaws, alarm(localaws, namespace, EvaluationPeriods=3, DatapointsToAlarm=2)) == "ALARM"


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [("missing", "INSUFFICIENT_DATA"), ("ignore", "INSUFFICIENT_DATA"), ("breaching", "ALARM"), ("notBreaching", "OK")],
)
def test_missing_data_is_treated_as_asked(localaws: LocalAws, treatment: str, expected: str) -> None:
    assert state(localaws, alarm(localaws, unique("Empty"), TreatMissingData=treatment)) == expected


def test_the_clock_lets_an_alarm_recover_and_tells_the_bus(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [9.0], variant="canary")
    events = event_queue(localaws, {"source": ["aws.cloudwatch"]})
    name = alarm(localaws, namespace, Dimensions=dimensions(variant="canary"), Threshold=4,
                 TreatMissingData="notBreaching", AlarmDescription="Server errors")  # fmt: skip
    mine = until(lambda: [e for e in events() if e["detail"]["alarmName"] == name and len(e["detail"]) == 4] or None)
    raised = mine[0]
    assert raised["detail-type"] == "CloudWatch Alarm State Change"
    assert raised["resources"] == [f"arn:aws:cloudwatch:us-east-1:111111111111:alarm:{name}"]
    assert raised["detail"]["configuration"] == {
        "description": "Server errors",
        "metrics": [{"id": "m1", "returnData": True, "metricStat": {
            "metric": {"namespace": namespace, "name": "Errors", "dimensions": {"variant": "canary"}},
            "period": PERIOD, "stat": "Sum"}}]}  # fmt: skip
    assert raised["detail"]["previousState"].keys() == {"value", "reason", "timestamp"}
    assert raised["detail"]["state"]["value"] == "ALARM"
    assert "was greater than the threshold (4.0)." in raised["detail"]["state"]["reason"]
    assert raised["detail"]["state"]["timestamp"].endswith("+0000")
    data = json.loads(raised["detail"]["state"]["reasonData"])
    assert (data["statistic"], data["period"], data["recentDatapoints"], data["threshold"]) == (
        "Sum",
        PERIOD,
        [9.0],
        4.0,
    )
    until(lambda: state(localaws, name) == "OK", patience=60)
    back = until(lambda: [e for e in events() if e["detail"]["alarmName"] == name][1:])[0]
    assert back["detail"]["previousState"]["reasonData"] == raised["detail"]["state"]["reasonData"]
    assert back["detail"]["state"]["value"] == "OK"


def test_an_alarm_on_an_expression(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [3.0], variant="canary")
    put(localaws, namespace, [10.0], variant="stable")
    queries = [{**query(namespace, name="bad", variant="canary"), "ReturnData": False},
               {**query(namespace, name="all", variant="stable"), "ReturnData": False},
               {"Id": "rate", "Expression": "bad / all", "ReturnData": True}]  # fmt: skip
    assert state(localaws, alarm(localaws, namespace, Metrics=queries, Threshold=0.25)) == "ALARM"
    assert state(localaws, alarm(localaws, namespace, Metrics=queries, Threshold=0.35)) == "OK"


def test_an_alarm_runs_a_function(localaws: LocalAws) -> None:
    queue = localaws.client("sqs").create_queue(QueueName=unique("told"))["QueueUrl"]
    source = f"""
    import boto3, json

    def handler(event, context):
        boto3.client("sqs").send_message(QueueUrl={queue!r}, MessageBody=json.dumps(event))
    """
    name = alarm(localaws, unique("Empty"), TreatMissingData="breaching", AlarmActions=[function(localaws, source)])
    [message] = until(lambda: localaws.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    event = json.loads(message["Body"])
    assert event["alarmData"]["alarmName"] == name
    assert event["alarmData"]["state"]["value"] == "ALARM"


def test_an_alarm_publishes_to_a_topic(localaws: LocalAws) -> None:
    topics = localaws.client("sns")
    topic = topics.create_topic(Name=unique("alarms"))["TopicArn"]
    url, arn = queue(localaws, open_to_events=False)
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
                             "Action": "sqs:SendMessage", "Resource": arn}]}  # fmt: skip
    localaws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    name = alarm(localaws, unique("Empty"), TreatMissingData="breaching", AlarmActions=[topic])
    [message] = until(received(localaws, url))
    told = json.loads(message["Body"])
    assert (told["AlarmName"], told["NewStateValue"]) == (name, "ALARM")


def test_a_count_above_a_threshold(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [float(value) for value in range(1, 101)])
    assert read(localaws, query(namespace, "TC(90:)"), query(namespace, "PR(90:)", "m2")) == [[10.0], [10.0]]


def test_ten_second_periods_come_newest_first(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    for ago, value in ((3, 3.0), (2, 2.0), (1, 1.0)):
        put(localaws, namespace, [value], ago=ago)
    assert read(localaws, query(namespace)) == [[1.0, 2.0, 3.0]]
    assert read(localaws, query(namespace), ScanBy="TimestampAscending") == [[3.0, 2.0, 1.0]]


def test_a_query_without_dimensions_reads_the_metric_without_dimensions(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [1.0], variant="canary")
    assert read(localaws, query(namespace)) == [[]]


def test_metric_math_in_get_metric_data(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(localaws, namespace, [3.0], variant="canary")
    put(localaws, namespace, [4.0], variant="stable")
    total = {"Id": "total", "Expression": "SUM(METRICS()) * half", "Label": "total"}
    half = {"Id": "half", "Expression": "1 / 2", "ReturnData": False}
    hidden = [{**query(namespace, name=v, variant=v), "ReturnData": False} for v in ("canary", "stable")]
    assert read(localaws, *hidden, half, total) == [[3.5]]


@pytest.mark.parametrize("wrong", ["TC()", "average", "p101"])
def test_an_unknown_statistic_is_refused(localaws: LocalAws, wrong: str) -> None:
    with pytest.raises(ClientError, match="ValidationError"):
        read(localaws, query(unique("Pressrun"), wrong))


def test_an_expression_that_is_not_emulated_is_refused(localaws: LocalAws) -> None:
    with pytest.raises(ClientError, match="is not emulated"):
        read(localaws, query("Pressrun"), {"Id": "e1", "Expression": "ANOMALY_DETECTION_BAND(m1)"})


def test_handlers_embedded_metrics_are_metrics(localaws: LocalAws) -> None:
    namespace = unique("Pressrun")
    line = {"_aws": {"Timestamp": 0, "CloudWatchMetrics": [{
        "Namespace": namespace, "Dimensions": [["variant"]], "Metrics": [{"Name": "Errors", "Unit": "Count"}]}]},
        "variant": "canary", "Errors": [2.0, 3.0]}  # fmt: skip
    source = f"""
    import json, time

    def handler(event, context):
        line = {line!r}
        line["_aws"]["Timestamp"] = int(time.time() * 1000)
        print(json.dumps(line))
    """
    localaws.client("lambda").invoke(FunctionName=function(localaws, source))
    assert until(lambda: read(localaws, query(namespace, variant="canary"))[0]) == [5.0]


def test_only_the_account_itself_writes_into_aws_namespaces(localaws: LocalAws) -> None:
    put(localaws, "AWS/SageMaker", [1.0], variant=unique("v"))
    allowed = [{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}]
    session = localaws.client("cloudwatch", credentials=localaws.assume(role(localaws, allowed), "handler"))
    session.put_metric_data(Namespace="Pressrun", MetricData=[{"MetricName": "x", "Value": 1}])
    with pytest.raises(ClientError, match="AWS/SageMaker for parameter Namespace is invalid"):
        session.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{"MetricName": "x", "Value": 1}])


def counted(aws: LocalAws, namespace: str, metric: str, **named: str) -> float:
    """Return the sum of a service's own metric."""
    query_ = {"Id": "m1", "MetricStat": {"Metric": {"Namespace": namespace, "MetricName": metric,
              "Dimensions": dimensions(**named)}, "Period": 300, "Stat": "Sum"}}  # fmt: skip
    return sum(read(aws, query_)[0])


def test_ends_of_executions_are_counted(localaws: LocalAws) -> None:
    arn = machine(localaws, {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No", "Cause": "no"}}})
    ended(localaws, start(localaws, arn))
    assert until(lambda: counted(localaws, "AWS/States", "ExecutionsFailed", StateMachineArn=arn)) == 1
    assert counted(localaws, "AWS/States", "ExecutionsStarted", StateMachineArn=arn) == 1


def test_errors_of_functions_are_counted_however_they_are_invoked(localaws: LocalAws) -> None:
    name = function(localaws, "def handler(event, context):\n    raise ValueError('no')\n")
    short = name.rpartition(":")[2]
    localaws.client("lambda").invoke(FunctionName=name)
    assert counted(localaws, "AWS/Lambda", "Errors", FunctionName=short) == 1
    localaws.client("lambda").invoke(FunctionName=name, InvocationType="Event")
    until(lambda: counted(localaws, "AWS/Lambda", "Errors", FunctionName=short) == 4)
    assert counted(localaws, "AWS/Lambda", "Invocations", FunctionName=short) == 4


def test_queues_are_measured_each_minute(localaws: LocalAws) -> None:
    url, arn = queue(localaws)
    localaws.client("sqs").send_message(QueueUrl=url, MessageBody="one")
    name = arn.rpartition(":")[2]
    visible = "ApproximateNumberOfMessagesVisible"
    assert until(lambda: counted(localaws, "AWS/SQS", visible, QueueName=name), patience=90) >= 1
