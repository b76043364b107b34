"""What stock ministack answers where the overlay repairs it: a failure here means that a repair may be dropped."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws import process
from tests.localaws.overlay import resources
from tests.localaws.overlay.resources import function, invoke, machine, one_state, role, run, start, unique, until
from tests.localaws.overlay.stacks import deploy
from tests.localaws.overlay.test_authorization import guarded_role
from tests.localaws.overlay.test_cloudwatch import alarm, dimensions, put, query, read, state
from tests.localaws.overlay.test_eventbridge import COUNTS, permit, queue, received, rule
from tests.localaws.overlay.test_eventbridge import put as put_event
from tests.localaws.overlay.test_executions import FOREVER, child_task
from tests.localaws.overlay.test_tasks import RAISES, Waiting, callback
from tests.localaws.process import LocalAws


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    aws = process.start(tmp_path_factory.mktemp("stock"), "--without-overlay")
    yield aws
    process.stop(aws)


def test_exceptions_lose_their_names(stock: LocalAws) -> None:
    assert run(stock, one_state(invoke(function(stock, RAISES))))["error"] == "Runtime.HandlerError"


def test_a_failed_call_with_a_token_is_swallowed(stock: LocalAws) -> None:
    found = run(stock, one_state(callback(function(stock, RAISES), "", TimeoutSeconds=2)))
    assert found["error"] == "States.Timeout"


def test_heartbeats_are_ignored(stock: LocalAws) -> None:
    waiting = Waiting(stock, TimeoutSeconds=3, HeartbeatSeconds=1)
    assert resources.ended(stock, waiting.execution)["error"] == "States.Timeout"


def test_a_deadline_by_expression_breaks_the_task(stock: LocalAws) -> None:
    task = invoke(function(stock, "def handler(event, context):\n    return {}\n"), TimeoutSeconds="{% 5 %}")
    assert run(stock, one_state(task))["error"] == "States.Runtime"


def test_an_answered_token_is_unknown(stock: LocalAws) -> None:
    waiting = Waiting(stock)
    states = stock.client("stepfunctions")
    states.send_task_success(taskToken=waiting.token, output="{}")
    resources.ended(stock, waiting.execution)
    with pytest.raises(ClientError, match="TaskDoesNotExist"):
        states.send_task_success(taskToken=waiting.token, output="{}")


def test_executions_do_not_time_out(stock: LocalAws) -> None:
    assert run(stock, {**one_state({"Type": "Wait", "Seconds": 2}), "TimeoutSeconds": 1})["status"] == "SUCCEEDED"


def test_a_repeated_start_is_refused(stock: LocalAws) -> None:
    arn = machine(stock, FOREVER)
    start(stock, arn, name="once")
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(stock, arn, name="once")


def test_a_stopped_parent_leaves_its_child_running(stock: LocalAws) -> None:
    child, name, states = machine(stock, FOREVER), unique("child"), stock.client("stepfunctions")
    parent = start(stock, machine(stock, one_state(child_task(child))), {"name": name})
    [execution] = until(lambda: states.list_executions(stateMachineArn=child)["executions"])
    states.stop_execution(executionArn=parent)
    assert states.describe_execution(executionArn=execution["executionArn"])["status"] == "RUNNING"


def test_a_child_name_is_used_twice(stock: LocalAws) -> None:
    parent, name = one_state(child_task(machine(stock, one_state({"Type": "Pass"})))), unique("child")
    assert [run(stock, parent, {"name": name})["status"] for _ in range(2)] == ["SUCCEEDED", "SUCCEEDED"]


def test_children_emit_no_events(stock: LocalAws) -> None:
    child = machine(stock, one_state({"Type": "Pass"}))
    events = resources.event_queue(stock, {"source": ["aws.states"], "detail": {"stateMachineArn": [child]}})
    run(stock, one_state(child_task(child)), {"name": unique("child")})
    time.sleep(0.5)
    assert events() == []


def test_machines_roles_are_not_enforced(stock: LocalAws) -> None:
    task = invoke(function(stock, "def handler(event, context):\n    return {}\n"))
    assert run(stock, one_state(task), statements=[])["status"] == "SUCCEEDED"


def test_credentials_of_a_task_are_ignored(stock: LocalAws) -> None:
    target = role(stock, resources.ALLOW_ALL, account="qa")
    who = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity", "Arguments": {},
           "Credentials": {"RoleArn": target}, "Output": "{% $states.result.Account %}"}  # fmt: skip
    assert json.loads(run(stock, one_state(who))["output"]) == "111111111111"


def test_codebuild_is_no_sdk_integration(stock: LocalAws) -> None:
    build = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:codebuild:startBuild", "Arguments": {}}
    assert run(stock, one_state(build))["error"] == "States.Runtime"


def test_payloads_have_no_limit(stock: LocalAws) -> None:
    assert run(stock, one_state({"Type": "Pass", "Output": "{% $pad('', 270000, 'x') %}"}))["status"] == "SUCCEEDED"


def test_succeed_has_no_output(stock: LocalAws) -> None:
    done = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed", "Output": "mine"}}}
    assert json.loads(run(stock, done)["output"]) == {}


def test_parallel_has_no_output(stock: LocalAws) -> None:
    both = {"Type": "Parallel", "Branches": [one_state({"Type": "Pass"})], "Output": "mine"}
    assert json.loads(run(stock, one_state(both))["output"]) == [{}]


def test_wrong_definitions_are_taken(stock: LocalAws) -> None:
    assert machine(stock, {"StartAt": "A", "States": {"A": {"Type": "Taks", "Next": "B"}}})


def test_a_trust_policy_sees_the_session(stock: LocalAws) -> None:
    own = role(stock, [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}])
    session = stock.client("sts", credentials=stock.assume(own, "release-1"))
    with pytest.raises(ClientError, match="AccessDenied"):
        session.assume_role(RoleArn=guarded_role(stock, own), RoleSessionName="release-1")


def test_alarms_ignore_dimensions(stock: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(stock, namespace, [5.0], variant="stable", ago=0)
    assert state(stock, alarm(stock, namespace, Dimensions=dimensions(variant="canary"))) == "ALARM"


def test_alarms_without_data_stay_as_they_are(stock: LocalAws) -> None:
    name = alarm(stock, unique("Empty"), TreatMissingData="breaching")
    assert state(stock, name) == "INSUFFICIENT_DATA"


def test_alarms_tell_no_bus(stock: LocalAws) -> None:
    events = resources.event_queue(stock, {"source": ["aws.cloudwatch"]})
    name = alarm(stock, unique("Empty"))
    stock.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="by hand")
    time.sleep(0.5)
    assert events() == []


def test_an_unknown_statistic_is_the_average(stock: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(stock, namespace, [float(value) for value in range(1, 101)])
    assert read(stock, query(namespace, "TC(90:)")) == [[50.5]]


def test_metric_math_is_empty(stock: LocalAws) -> None:
    namespace = unique("Pressrun")
    put(stock, namespace, [1.0])
    assert read(stock, query(namespace), {"Id": "e1", "Expression": "m1 * 2"}) == [[1.0], []]


def test_anybody_writes_into_aws_namespaces(stock: LocalAws) -> None:
    allowed = [{"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}]
    session = stock.client("cloudwatch", credentials=stock.assume(role(stock, allowed), "handler"))
    session.put_metric_data(Namespace="AWS/SageMaker", MetricData=[{"MetricName": "x", "Value": 1}])


def test_embedded_metrics_are_lost(stock: LocalAws) -> None:
    line = {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": [{"Namespace": "Pressrun", "Metrics": [{"Name": "x"}]}]},
        "x": 1,
    }
    name = function(stock, f"def handler(event, context):\n    print({json.dumps(line)!r})\n")
    stock.client("lambda").invoke(FunctionName=name)
    assert stock.client("cloudwatch").list_metrics(Namespace="Pressrun", MetricName="x")["Metrics"] == []


def test_a_function_without_code_succeeds(stock: LocalAws) -> None:
    properties = {"Role": "arn:aws:iam::111111111111:role/x", "Runtime": "python3.11", "Handler": "handler.handler",
                  "FunctionName": "codeless", "Code": {"S3Bucket": "nowhere", "S3Key": "missing.zip"}}  # fmt: skip
    template = json.dumps({"Resources": {"Only": {"Type": "AWS::Lambda::Function", "Properties": properties}}})
    assert deploy(stock, "codeless", template)["StackStatus"] == "CREATE_COMPLETE"
    answer = stock.client("lambda").invoke(FunctionName="codeless")
    assert "FunctionError" not in answer
    assert "Mock response" in json.load(answer["Payload"])["body"]


@pytest.mark.parametrize(
    "kind",
    ["AWS::Events::EventBusPolicy", "AWS::Events::Archive", "AWS::CloudWatch::CompositeAlarm", "AWS::IAM::RolePolicy",
     "AWS::StepFunctions::StateMachineAlias", "AWS::StepFunctions::StateMachineVersion"],
)  # fmt: skip
def test_types_are_missing(stock: LocalAws, kind: str) -> None:
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        deploy(stock, unique("missing"), json.dumps({"Resources": {"Only": {"Type": kind, "Properties": {}}}}))


def test_a_function_behind_a_rule_is_tried_once(stock: LocalAws) -> None:
    counted, _ = queue(stock)
    name = function(stock, COUNTS.format(queue=counted, then="raise ValueError('no')"))
    source, rule_arn = rule(stock, {"Arn": name})
    permit(stock, name, rule_arn)
    put_event(stock, source)
    tried = received(stock, counted)
    until(tried)
    time.sleep(2)
    assert len(tried()) == 1


def test_dead_letter_queues_of_targets_stay_empty(stock: LocalAws) -> None:
    dead, dead_arn = queue(stock)
    missing = "arn:aws:lambda:us-east-1:111111111111:function:missing"
    source, _ = rule(stock, {"Arn": missing, "DeadLetterConfig": {"Arn": dead_arn}})
    put_event(stock, source)
    assert received(stock, dead)() == []


def test_foreign_buses_do_not_exist(stock: LocalAws) -> None:
    foreign = "arn:aws:events:us-east-1:111111111111:event-bus/default"
    answer: dict[str, Any] = put_event(stock, "mine", account="dev", EventBusName=foreign)
    assert answer["ErrorCode"] == "ResourceNotFoundException"


def test_a_buss_policy_in_a_template_is_ignored(stock: LocalAws) -> None:
    policy = {"Version": "2012-10-17", "Statement": []}
    bus = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "ignored", "Policy": policy}}
    deploy(stock, "ignored", json.dumps({"Resources": {"Only": bus}}))
    assert "Policy" not in stock.client("events").describe_event_bus(Name="ignored")


def test_executions_are_not_counted(stock: LocalAws) -> None:
    arn = machine(stock, {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No", "Cause": "no"}}})
    resources.ended(stock, start(stock, arn))
    assert stock.client("cloudwatch").list_metrics(Namespace="AWS/States")["Metrics"] == []


def test_an_aliass_own_retries_are_ignored(stock: LocalAws) -> None:
    counted, _ = queue(stock)
    functions = stock.client("lambda")
    name = function(stock, COUNTS.format(queue=counted, then="raise ValueError('no')"), Publish=True)
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.put_function_event_invoke_config(FunctionName=name, Qualifier="live", MaximumRetryAttempts=0)
    functions.invoke(FunctionName=f"{name}:live", InvocationType="Event", Payload=b"{}")
    tried = received(stock, counted)
    until(lambda: len(tried()) == 3)
