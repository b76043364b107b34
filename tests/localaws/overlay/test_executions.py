import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.overlay.resources import (
    ended,
    event_queue,
    function,
    invoke,
    machine,
    one_state,
    role,
    run,
    start,
    unique,
    until,
)
from tests.localaws.process import LocalAws

START_CHILD = "arn:aws:states:::states:startExecution.sync:2"
FOREVER = one_state({"Type": "Wait", "Seconds": 3600})


def child_task(child: str, **fields: Any) -> dict[str, Any]:
    arguments = {"StateMachineArn": child, "Name": "{% $states.input.name %}", "Input": "{% $states.input %}"}
    return {"Type": "Task", "Resource": START_CHILD, "Arguments": arguments, **fields}


def test_the_same_start_twice_is_one_execution(localaws: LocalAws) -> None:
    arn = machine(localaws, FOREVER)
    first = start(localaws, arn, {"a": 1}, name="once")
    assert start(localaws, arn, {"a": 1}, name="once") == first
    localaws.client("stepfunctions").stop_execution(executionArn=first)


def test_a_name_with_another_input_is_taken(localaws: LocalAws) -> None:
    arn = machine(localaws, FOREVER)
    first = start(localaws, arn, {"a": 1}, name="once")
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(localaws, arn, {"a": 2}, name="once")
    localaws.client("stepfunctions").stop_execution(executionArn=first)


def test_a_closed_execution_keeps_its_name(localaws: LocalAws) -> None:
    arn = machine(localaws, one_state({"Type": "Pass"}))
    ended(localaws, start(localaws, arn, name="once"))
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(localaws, arn, name="once")


def test_an_execution_times_out(localaws: LocalAws) -> None:
    found = run(localaws, {**FOREVER, "TimeoutSeconds": 1})
    assert found["status"] == "TIMED_OUT"
    assert not found.keys() & {"error", "cause"}


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_every_end_is_an_event(localaws: LocalAws, status: str) -> None:
    definition = {
        "SUCCEEDED": one_state({"Type": "Pass"}),
        "FAILED": {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Wrong", "Cause": "of it"}}},
        "TIMED_OUT": {**FOREVER, "TimeoutSeconds": 1},
        "ABORTED": FOREVER,
    }[status]
    arn = machine(localaws, definition)
    events = event_queue(localaws, {"source": ["aws.states"], "detail": {"stateMachineArn": [arn], "status": [status]}})
    execution = start(localaws, arn)
    if status == "ABORTED":
        localaws.client("stepfunctions").stop_execution(executionArn=execution)
    [event] = until(events)
    assert event["detail-type"] == "Step Functions Execution Status Change"
    assert event["detail"]["executionArn"] == execution
    assert event["resources"] == [execution]


def test_a_stop_wakes_a_wait_and_starts_nothing_more(localaws: LocalAws) -> None:
    marker = function(localaws, "def handler(event, context):\n    return {}\n")
    definition = {"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Mark"}, "Mark": invoke(marker, End=True)}}  # fmt: skip
    execution = start(localaws, machine(localaws, definition))
    states = localaws.client("stepfunctions")
    states.stop_execution(executionArn=execution, error="Enough", cause="by hand")
    assert {k: ended(localaws, execution)[k] for k in ("status", "error", "cause")} == {
        "status": "ABORTED", "error": "Enough", "cause": "by hand"}  # fmt: skip
    kinds = [e["type"] for e in states.get_execution_history(executionArn=execution)["events"]]
    assert kinds[-1] == "ExecutionAborted"
    assert "TaskScheduled" not in kinds


def test_a_stop_inside_a_map_starts_no_further_item(localaws: LocalAws) -> None:
    queue = localaws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    send = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True,
            "Arguments": {"QueueUrl": queue, "MessageBody": "{% $states.input %}"}}  # fmt: skip
    items = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "Next": "Send"}, "Send": send}}
    loop = {"Type": "Map", "Items": [1, 2, 3, 4], "MaxConcurrency": 1, "ItemProcessor": items}
    execution = start(localaws, machine(localaws, one_state(loop)))
    sqs = localaws.client("sqs")
    until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    localaws.client("stepfunctions").stop_execution(executionArn=execution)
    time.sleep(2.5)
    assert not sqs.receive_message(QueueUrl=queue).get("Messages")


def test_a_stopped_parent_stops_the_child_it_waits_for(localaws: LocalAws) -> None:
    child = machine(localaws, FOREVER)
    name = unique("child")
    parent = start(localaws, machine(localaws, one_state(child_task(child))), {"name": name})
    child_execution = child.replace(":stateMachine:", ":execution:") + f":{name}"
    states = localaws.client("stepfunctions")
    until(lambda: states.list_executions(stateMachineArn=child)["executions"])
    states.stop_execution(executionArn=parent)
    assert ended(localaws, child_execution)["status"] == "ABORTED"


def test_a_timed_out_parent_stops_its_child(localaws: LocalAws) -> None:
    child = machine(localaws, FOREVER)
    name = unique("child")
    parent = run(localaws, one_state(child_task(child), TimeoutSeconds=1), {"name": name})
    child_execution = child.replace(":stateMachine:", ":execution:") + f":{name}"
    assert (parent["status"], ended(localaws, child_execution)["status"]) == ("TIMED_OUT", "ABORTED")


def test_a_child_hands_its_output_to_its_parent(localaws: LocalAws) -> None:
    child = machine(localaws, one_state({"Type": "Pass", "Output": {"answer": 42}}))
    events = event_queue(localaws, {"source": ["aws.states"], "detail": {"stateMachineArn": [child]}})
    task = child_task(child, Output="{% $states.result.Output %}")
    assert json.loads(run(localaws, one_state(task), {"name": unique("child")})["output"]) == {"answer": 42}
    until(lambda: {e["detail"]["status"] for e in events()} == {"RUNNING", "SUCCEEDED"})


def test_a_failed_child_fails_its_parent_as_task_failed(localaws: LocalAws) -> None:
    child = machine(localaws, {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Wrong", "Cause": "why"}}})
    found = run(localaws, one_state(child_task(child)), {"name": unique("child")})
    assert found["error"] == "States.TaskFailed"
    assert {k: json.loads(found["cause"])[k] for k in ("Status", "Error", "Cause")} == {
        "Status": "FAILED", "Error": "Wrong", "Cause": "why"}  # fmt: skip


def test_a_child_name_is_used_once(localaws: LocalAws) -> None:
    child = machine(localaws, one_state({"Type": "Pass"}))
    parent, name = one_state(child_task(child)), unique("child")
    assert run(localaws, parent, {"name": name})["status"] == "SUCCEEDED"
    assert run(localaws, parent, {"name": name})["error"] == "StepFunctions.ExecutionAlreadyExistsException"


def test_a_running_execution_keeps_its_version(localaws: LocalAws) -> None:
    states = localaws.client("stepfunctions")
    arn = machine(localaws, one_state({"Type": "Pass", "Output": "first"}))
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    second = json.dumps({"QueryLanguage": "JSONata", **one_state({"Type": "Pass", "Output": "second"})})
    states.update_state_machine(stateMachineArn=arn, definition=second)
    outputs = [json.loads(ended(localaws, start(localaws, which))["output"]) for which in (version, arn)]
    assert outputs == ["first", "second"]


def test_an_express_machine_answers_at_once(localaws: LocalAws) -> None:
    states = localaws.client("stepfunctions")
    definition = {"QueryLanguage": "JSONata", **one_state({"Type": "Pass", "Output": "{% $states.input.n + 1 %}"})}
    arn = states.create_state_machine(
        name=unique("express"), type="EXPRESS", definition=json.dumps(definition),
        roleArn=role(localaws, [], service="states"),
    )["stateMachineArn"]  # fmt: skip
    answer = states.start_sync_execution(stateMachineArn=arn, input='{"n": 1}')
    assert (answer["status"], answer["output"]) == ("SUCCEEDED", "2")


def test_a_payload_has_a_largest_size(localaws: LocalAws) -> None:
    big = {"Type": "Pass", "Output": "{% $pad('', 270000, 'x') %}"}
    assert run(localaws, one_state(big))["error"] == "States.DataLimitExceeded"


def test_a_history_has_a_longest_length(localaws: LocalAws) -> None:
    turn = {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Next": "More"}
    definition = {"StartAt": "Set", "States": {
        "Set": {"Type": "Pass", "Assign": {"n": 0}, "Next": "More"},
        "More": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "Turn"}]}, "Turn": turn}}  # fmt: skip
    found = run(localaws, definition)
    assert found["status"] == "FAILED"
    assert "history holds 25000 events" in found["cause"]


@pytest.mark.parametrize(("level", "kinds"), [("ERROR", ["ExecutionFailed"]), ("OFF", [])])
def test_a_machine_logs_as_much_as_it_is_told(localaws: LocalAws, level: str, kinds: list[str]) -> None:
    logs, states, group = localaws.client("logs"), localaws.client("stepfunctions"), unique("machines")
    logs.create_log_group(logGroupName=group)
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    failing = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Wrong", "Cause": "of it"}}}
    arn = machine(localaws, failing)
    destinations = [{"cloudWatchLogsLogGroup": {"logGroupArn": found["arn"]}}]
    states.update_state_machine(
        stateMachineArn=arn, loggingConfiguration={"level": level, "destinations": destinations}
    )
    execution = start(localaws, arn)
    ended(localaws, execution)

    def lines() -> list[Any]:
        return [json.loads(event["message"]) for event in logs.filter_log_events(logGroupName=group)["events"]]

    until(lambda: len(lines()) >= len(kinds))
    assert [line["type"] for line in lines()] == kinds
    assert {line["execution_arn"] for line in lines()} <= {execution}


def test_an_input_has_a_largest_size(localaws: LocalAws) -> None:
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        start(localaws, machine(localaws, one_state({"Type": "Pass"})), {"text": "x" * 270_000})


def test_parallel_branches_keep_their_variables_apart(localaws: LocalAws) -> None:
    def branch(letter: str) -> dict[str, Any]:
        return {"StartAt": f"Set{letter}", "States": {
            f"Set{letter}": {"Type": "Pass", "Assign": {"mine": letter}, "Next": f"Wait{letter}"},
            f"Wait{letter}": {"Type": "Wait", "Seconds": 1, "Next": f"Get{letter}"},
            f"Get{letter}": {"Type": "Pass", "Output": "{% $mine & $states.input.x %}", "End": True}}}  # fmt: skip

    both = {"Type": "Parallel", "Branches": [branch("A"), branch("B")], "Arguments": {"x": "!"},
            "Output": {"all": "{% $states.result %}"}}  # fmt: skip
    assert json.loads(run(localaws, one_state(both))["output"]) == {"all": ["A!", "B!"]}


def test_succeed_and_default_have_an_output(localaws: LocalAws) -> None:
    definition = {"StartAt": "IsIt", "States": {
        "IsIt": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Done"}], "Default": "Done",
                 "Output": {"from": "default"}},
        "Done": {"Type": "Succeed", "Output": {"got": "{% $states.input.from %}"}}}}  # fmt: skip
    assert json.loads(run(localaws, definition)["output"]) == {"got": "default"}


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        ({"StartAt": "No", "States": {"Only": {"Type": "Succeed"}}}, "StartAt names no state"),
        (one_state({"Type": "Taks"}), "Taks is not a state type"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "Missing target: B"),
        (one_state({"Type": "Pass", "Parameters": {}}), "Parameters is not supported"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "exactly one of Next and End"),
        (one_state({"Type": "Pass", "Output": "{% $$( %}"}), "INVALID_JSONATA_EXPRESSION"),
    ],
)
def test_a_wrong_definition_is_refused(localaws: LocalAws, definition: dict[str, Any], told: str) -> None:
    with pytest.raises(ClientError, match="InvalidDefinition") as refused:
        machine(localaws, definition)
    assert told in str(refused.value)
