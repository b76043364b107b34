"""State after state, at the top of an execution and inside its branches and iterations."""

import copy
import json
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import stepfunctions as sfn

from localaws.overlay import payloads
from localaws.overlay.endings import add_event
from localaws.overlay.runs import State, runs

MOST_EVENTS = 25_000


def walk(states: dict[str, State], start: str, given: Any, execution: State, context: State) -> Any:
    """Run states from `start` until one ends, and return its output."""
    name: str | None = start
    payload = given
    while name:
        runs.check(execution)
        _check_history(execution)
        state = states.get(name)
        if state is None:
            raise sfn._ExecutionError("States.Runtime", f"There is no state {name!r}.")
        context["State"] = {"Name": name, "EnteredTime": now_iso(), "RetryCount": 0}
        kind = state["Type"]
        add_event(execution, f"{kind}StateEntered", _entered(name, payload))
        payload, following = _execute(state, payload, execution, context)
        payloads.check(payload, f"The state {name!r}")
        add_event(execution, f"{kind}StateExited", _exited(name, payload))
        name = following
    return payload


def _check_history(execution: State) -> None:
    """Fail an execution whose history is full."""
    if len(execution["events"]) >= MOST_EVENTS:
        raise sfn._ExecutionError("States.Runtime", f"The execution's history holds {MOST_EVENTS} events, its limit.")


def run_branch(states: dict[str, State], start: str, given: Any, execution: State, context: State) -> Any:
    """Run a branch or an iteration in a context of its own: its token and variables are not its siblings'."""
    own = {**context, "variables": dict(context.get("variables", {}))}
    return walk(states, start, copy.deepcopy(given), execution, own)


def _execute(state: State, payload: Any, execution: State, context: State) -> tuple[Any, str | None]:
    """Run one state; return its output and the next state's name."""
    kind = state["Type"]
    if kind == "Fail":
        raise sfn._ExecutionError(*sfn._fail_state_error(state, payload, context))
    if kind == "Succeed":
        return _succeeded(state, payload, context), None
    if kind in ("Task", "Parallel", "Map"):
        act = {"Task": sfn._execute_task, "Parallel": sfn._execute_parallel, "Map": sfn._execute_map}[kind]
        return act(state, payload, execution, context)  # type: ignore[no-any-return]
    act = {"Pass": sfn._execute_pass, "Choice": sfn._execute_choice, "Wait": sfn._execute_wait}[kind]
    return act(state, payload, context)  # type: ignore[no-any-return]


def _succeeded(state: State, payload: Any, context: State) -> Any:
    """Return what a Succeed state puts out."""
    if sfn._state_query_language(state, context) == "JSONata":
        return sfn._apply_jsonata_output(state, payload, context, default=payload)
    return sfn._apply_output_path(state, sfn._apply_input_path(state, payload, context), context)


def _entered(name: str, payload: Any) -> State:
    """Return the history details of a state's start."""
    return {"stateEnteredEventDetails": {"name": name, "input": json.dumps(payload)}}


def _exited(name: str, payload: Any) -> State:
    """Return the history details of a state's end."""
    return {"stateExitedEventDetails": {"name": name, "output": json.dumps(payload)}}
