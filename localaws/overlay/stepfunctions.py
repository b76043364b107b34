"""Puts the repaired Step Functions in place of ministack's."""

from typing import Any

from ministack.services import stepfunctions as sfn

from localaws.overlay import definitions, endings, executions, runs, tasks, tokens, walking

_choice = sfn._execute_choice
_branches = sfn._run_parallel_branches


def install() -> None:
    """Replace the functions of ministack's Step Functions that answer wrongly."""
    sfn._start_execution = executions.start_execution
    sfn._start_sync_execution = executions.start_sync_execution
    sfn._stop_execution = endings.stop_execution
    sfn._run_execution = executions.run_execution
    sfn._run_sub_machine = walking.run_branch
    sfn._fail_execution = endings.fail_execution
    sfn._add_event = endings.add_event
    sfn._scaled_sleep = runs.sleep
    sfn._execute_choice = execute_choice
    sfn._run_parallel_branches = run_parallel_branches
    sfn._execute_task = tasks.execute_task
    sfn._invoke_resource = tasks.invoke_resource
    sfn._invoke_resource_with_timeout = tasks.invoke_with_timeout
    sfn._invoke_with_callback = tasks.invoke_with_callback
    sfn._send_task_success = tokens.send_task_success
    sfn._send_task_failure = tokens.send_task_failure
    sfn._send_task_heartbeat = tokens.send_task_heartbeat
    sfn._error_matches = tasks.error_matches
    sfn._validate_definition_jsonata = definitions.refusal


def execute_choice(state: dict[str, Any], payload: Any, context: dict[str, Any]) -> Any:
    """Run a Choice state; its own Output and Assign belong to the Default."""
    if sfn._state_query_language(state, context) != "JSONata" or "Default" not in state:
        return _choice(state, payload, context)
    default: dict[str, Any] = {key: state[key] for key in ("Output", "Assign") if key in state}
    otherwise = {"Condition": True, "Next": state["Default"], **default}
    return _choice({**state, "Choices": [*state["Choices"], otherwise]}, payload, context)


def run_parallel_branches(
    state: dict[str, Any], payload: Any, execution: dict[str, Any], context: dict[str, Any]
) -> Any:
    """Run a Parallel state; with JSONata its Arguments, Output and Assign count."""
    if sfn._state_query_language(state, context) != "JSONata":
        return _branches(state, payload, execution, context)
    given = sfn._apply_jsonata_arguments(state, payload, context)
    results, following = _branches(state, given, execution, context)
    output = sfn._apply_jsonata_output(state, payload, context, result=results, default=results)
    sfn._apply_state_assign(state, payload, context, result=results)
    return output, following
