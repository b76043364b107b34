"""An execution may record 25,000 events, then it fails: the longest run of every machine, by arithmetic.

A turn of a loop is what lies between two visits of its Wait state. How often it turns follows from a counter in the
definition, from a time-out, or from what the tables below say; inner machines of a Map run once a stage, and their
events are the execution's own.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from pressrun.recovery.restore import LONGEST_MAINTENANCE
from pressrun.rollout.lag import GIVE_UP_SECONDS
from pressrun.service.spec import Rollout
from pressrun.settings import STAGES
from tests.contract.machines import Machine, machines, targets
from tests.contract.template import resources

LIMIT = 25_000
RESERVE = 1_500  # tries of tasks that fail and are retried: three events each
EVENTS = {"Task": 5, "Wait": 2, "Choice": 2, "Pass": 2, "Map": 6, "Parallel": 6, "Succeed": 2, "Fail": 2}
STAGE_EVENTS = 4  # MapIterationStarted and -Succeeded, with a margin

# States that lead from one loop, phase or stage to the next; they are no part of a turn.
BETWEEN_LOOPS = {
    "promote_release": {"ResolveImage", "HasStageLeft"},
    "deploy_stage": {"WhatFollowsContractTest", "ChangeEndpoint"},
    "shift_traffic": {"ReturnTraffic", "SendAllTraffic"},
    "roll_back": set(),
    "run_load_test": set(),
}
# How often each state outside of loops may be visited, and each loop be entered.
VISITS = {"promote_release": len(STAGES), "deploy_stage": 2, "shift_traffic": 1, "roll_back": 1, "run_load_test": 36}


def of_the_build(_: Machine) -> int:
    project = resources()["BuildImageProject"]["Properties"]
    return 60 * int(project["TimeoutInMinutes"] + project["QueuedTimeoutInMinutes"]) // 5


def of_the_polls(machine: Machine) -> int:
    shortest = min(get_args(Rollout.model_fields["poll_seconds"].annotation))
    return int(machine.definition["TimeoutSeconds"]) // int(shortest)


def of_the_restored_endpoint(machine: Machine) -> int:
    wait = dict(machine.states())["WaitForEndpoint"]["Seconds"]
    found = re.fullmatch(r"\{% \$polls < (\d+) \? (\d+) : (\d+) %\}", wait)
    assert found, wait
    quick, short, long = map(int, found.groups())
    return quick + (int(LONGEST_MAINTENANCE.total_seconds()) - quick * short) // long


def of_the_metrics(machine: Machine) -> int:
    return GIVE_UP_SECONDS // int(dict(machine.states())["WaitForMetrics"]["Seconds"])


TURNS: dict[tuple[str, str], Callable[[Machine], int]] = {
    ("promote_release", "WaitForBuild"): of_the_build,
    ("deploy_stage", "WaitForMetrics"): of_the_metrics,
    ("shift_traffic", "WaitForPoll"): of_the_polls,
    ("roll_back", "WaitForEndpoint"): of_the_restored_endpoint,
}


def cost(state: dict[str, Any]) -> int:
    submitted = ".sync" in state.get("Resource", "") or ".waitForTaskToken" in state.get("Resource", "")
    return EVENTS[state["Type"]] + submitted


def turns_through(wait: str, states: dict[str, Any], walls: set[str]) -> Iterator[list[str]]:
    """Yield every simple way from a Wait state back to itself that passes no other Wait and no wall."""
    ahead = [[wait]]
    while ahead:
        way = ahead.pop()
        for target in targets(states[way[-1]]):
            if target == wait:
                yield way
            elif target not in way and target not in walls and states[target]["Type"] != "Wait":
                ahead.append([*way, target])


def most_turns(machine: Machine, wait: str, ways: list[list[str]], states: dict[str, Any]) -> int:
    """Return how often a loop can turn."""
    if (machine.name, wait) in TURNS:
        return TURNS[machine.name, wait](machine)
    visited = {name for way in ways for name in way}
    counters = [
        int(found[1])
        for name in visited
        for rule in states[name].get("Choices", [])
        if (found := re.search(r"\$\w+ >= (\d+)", rule["Condition"]))
    ]
    if counters:
        return min(counters)
    return int(machine.definition["TimeoutSeconds"]) // int(states[wait]["Seconds"])


def most_events(machine: Machine) -> int:
    """Return an upper bound of the events of one execution."""
    total = 0
    for scope in machine.scopes():
        states, visits = scope["States"], VISITS[machine.name]
        copies = 1 if scope is machine.definition else len(STAGES)
        events = visits * sum(cost(state) for state in states.values()) + (copies > 1) * STAGE_EVENTS
        for wait in (name for name, state in states.items() if state["Type"] == "Wait"):
            ways = list(turns_through(wait, states, _walls(machine, wait)))
            if ways:
                a_turn = max(sum(cost(states[name]) for name in way) for way in ways)
                entered = 1 if (machine.name, wait) in TURNS or machine.name == "promote_release" else visits
                events += entered * a_turn * most_turns(machine, wait, ways, states)
        total += copies * events
    return total


def _walls(machine: Machine, wait: str) -> set[str]:
    """Return the states no turn of this loop passes; a loop's own first state is none of them."""
    direct = set(targets(dict(machine.states())[wait]))
    return BETWEEN_LOOPS[machine.name] - direct


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_the_longest_run_stays_below_the_history_limit(machine: Machine) -> None:
    assert most_events(machine) + RESERVE < LIMIT


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_every_loop_waits(machine: Machine) -> None:
    """Else it is one over the stages, phases or rounds, or the image that is looked up again after its build."""
    allowed = {
        "promote_release": {"HasStageLeft", "ResolveImage"},
        "deploy_stage": {"ChangeEndpoint"},
        "run_load_test": {"GenerateLoad"},
    }
    for scope in machine.scopes():
        states = scope["States"]
        for name, state in states.items():
            if state["Type"] == "Choice" and name not in allowed.get(machine.name, set()):
                walls = allowed.get(machine.name, set())
                assert not list(turns_through(name, states, walls)), f"{name} is in a loop that never waits"


def test_a_rollout_ends_before_its_machine_does() -> None:
    machine = next(machine for machine in machines() if machine.name == "shift_traffic")
    longest = 14_000  # what pressrun.service.spec allows
    with pytest.raises(ValueError, match="expected at most 14000"):
        Rollout(deadline_seconds=7_000, watch_seconds=1)
    assert machine.definition["TimeoutSeconds"] > longest
