"""What is wrong with a state machine's definition, found when it is created."""

import json
from collections.abc import Iterator
from typing import Any

from ministack.services import stepfunctions as sfn

State = dict[str, Any]

COMMON = {"Type", "Comment", "QueryLanguage", "Next", "End", "InputPath", "OutputPath", "Output", "Assign"}
RESULTS = {"ResultPath", "ResultSelector", "Parameters", "Arguments", "Retry", "Catch"}
FIELDS = {
    "Pass": COMMON | {"Result", "ResultPath", "Parameters"},
    "Task": COMMON | RESULTS | {
        "Resource", "Credentials", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath",
    },
    "Choice": COMMON - {"Next", "End"} | {"Choices", "Default"},
    "Wait": COMMON | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Succeed": COMMON - {"Next", "End"},
    "Fail": {"Type", "Comment", "QueryLanguage", "Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": COMMON | RESULTS | {"Branches"},
    "Map": COMMON | RESULTS | {
        "ItemProcessor", "Iterator", "Items", "ItemsPath", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter",
        "MaxConcurrency", "MaxConcurrencyPath", "ToleratedFailureCount", "ToleratedFailureCountPath",
        "ToleratedFailurePercentage", "ToleratedFailurePercentagePath", "Label",
    },
}  # fmt: skip
JSONPATH_ONLY = {"InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath", "Result"}

_expressions = sfn._validate_definition_jsonata


def refusal(text: Any) -> str | None:
    """Return why a definition is invalid, in the form of AWS's message, or None."""
    try:
        definition = json.loads(text)
    except (TypeError, ValueError) as error:
        return f"Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: {error}'"
    language = definition.get("QueryLanguage", "JSONPath") if isinstance(definition, dict) else None
    found = next(_problems(definition, "", language), None) or _expressions(text)
    return f"Invalid State Machine Definition: '{found}'" if found else None


def _problems(machine: Any, path: str, language: str | None) -> Iterator[str]:
    """Yield what is wrong with a machine, a branch or an item processor."""
    states = machine.get("States") if isinstance(machine, dict) else None
    if not isinstance(states, dict) or not states:
        yield f"SCHEMA_VALIDATION_FAILED: States is required at {path or '/'}"
        return
    if machine.get("StartAt") not in states:
        yield f"MISSING_TRANSITION_TARGET: StartAt names no state: {machine.get('StartAt')} at {path}/StartAt"
    for name, state in states.items():
        yield from _state_problems(name, state, states, f"{path}/States/{name}", language)


def _state_problems(name: str, state: Any, states: State, path: str, language: str | None) -> Iterator[str]:
    """Yield what is wrong with one state."""
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in FIELDS:
        yield f"SCHEMA_VALIDATION_FAILED: {kind} is not a state type at {path}/Type"
        return
    spoken = state.get("QueryLanguage", language)
    unknown = state.keys() - FIELDS[kind]
    if spoken == "JSONata":
        unknown |= state.keys() & JSONPATH_ONLY
    yield from (f"SCHEMA_VALIDATION_FAILED: {field} is not supported at {path}" for field in sorted(unknown))
    for target in _targets(state):
        if target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing target: {target} at {path}"
    if "Next" in FIELDS[kind] and ("Next" in state) == bool(state.get("End")):
        yield f"MISSING_END_STATE: exactly one of Next and End is expected at {path}"
    if kind == "Task" and not str(state.get("Resource", "")).startswith("arn:"):
        yield f"SCHEMA_VALIDATION_FAILED: Resource must be an ARN at {path}"
    for inner in _inner(state):
        yield from _problems(inner, path, spoken)


def _targets(state: State) -> Iterator[str]:
    """Yield the names of all states that may follow one."""
    yield from (state[key] for key in ("Next", "Default") if key in state)
    yield from (rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, []) if "Next" in rule)


def _inner(state: State) -> Iterator[Any]:
    """Yield the machines inside a Parallel or Map state."""
    yield from state.get("Branches", [])
    yield from (state[key] for key in ("ItemProcessor", "Iterator") if key in state)
