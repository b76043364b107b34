"""What the control plane itself adds to a release: the time its states take, without a closed list of them."""

from typing import Any

from tests.performance.figure import Figure, NotMeasuredError
from tests.performance.histories import Execution
from tests.performance.releases import Release

STAGES = ("dev", "qa", "prod")
GOAL_SECONDS = 3.0

# Not counted, by machine: what the release waits for is no work of the control plane. All Wait states besides.
NOT_COUNTED = {
    "promote_release": {
        "RequestApproval": "a person decides",
        "BuildImage": "the image is built",
        "CheckBuild": "the image is built",
    },
    "deploy_stage": {"CheckEndpoint": "the endpoint changes; ChangeEndpoint itself counts"},
    "run_load_test": {"GenerateLoad": "the load test"},
    "shift_traffic": {
        "JudgeCanary": "runs within the wait for the next poll; the one that decides counts",
        "ShiftTraffic": "runs within the wait for the next poll",
        "SendAllTraffic": "the endpoint changes",
    },
}
# States that are a child's whole execution: what they take beyond it counts, and the child's own states.
CHILDREN = {"DeployStage", "RunLoadTest", "ShiftTraffic"}
COUNTED_MACHINES = tuple(NOT_COUNTED)


def measure(cold: Release, warm: Release) -> list[Figure]:
    """Add up the states of both releases."""
    found = {"warm": _by_part(warm), "cold": _by_part(cold)}
    stages = {name: _per_stage(parts) for name, parts in found.items()}
    worst = max(stages["warm"], key=stages["warm"].__getitem__)
    note = "\n".join(
        [
            f"seconds a stage, warm: {_told(stages['warm'])}; cold (first release ever): {_told(stages['cold'])}",
            f"each with a third of the release's own steps: warm {found['warm']['release']['seconds']:.2f} s,"
            f" cold {found['cold']['release']['seconds']:.2f} s; RunContractTest counts with the model's answers",
            "not counted: all Wait states; "
            + "; ".join(f"{machine}: {', '.join(names)}" for machine, names in NOT_COUNTED.items()),
            "a rollout's last JudgeCanary counts; states that start a child count with what they take beyond it",
        ]
    )
    details = {"parts": found, "stages": stages, "not_counted": NOT_COUNTED}
    warm_figure = Figure(
        f"control plane's overhead of a stage, warm (worst: {worst})",
        round(stages["warm"][worst], 2),
        "s",
        GOAL_SECONDS,
        note,
        details,
    )
    return [warm_figure, Figure("the same, cold", round(max(stages["cold"].values()), 2), "s")]


def _told(stages: dict[str, float]) -> str:
    return ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in stages.items())


def _per_stage(parts: dict[str, dict[str, Any]]) -> dict[str, float]:
    shared = parts["release"]["seconds"] / len(STAGES)
    return {stage: round(parts[stage]["seconds"] + shared, 3) for stage in STAGES}


def _by_part(release: Release) -> dict[str, dict[str, Any]]:
    """Return the seconds of the release's own steps and of each stage's, by state."""
    parts: dict[str, dict[str, float]] = {name: {} for name in ("release", *STAGES)}
    durations = {execution.name: execution.seconds for execution in release.executions}
    for execution in release.executions:
        part = execution.name.removeprefix(release.release_id).lstrip("-").split("-")[0] or "release"
        if execution.machine in COUNTED_MACHINES and part in parts:
            for state, seconds in _counted(execution, durations).items():
                parts[part][state] = parts[part].get(state, 0.0) + seconds
    if missing := [name for name, states in parts.items() if not states]:
        raise NotMeasuredError(f"{release.release_id} has no history of {', '.join(missing)}")
    return {
        name: {"seconds": round(sum(states.values()), 3), "states": {s: round(t, 3) for s, t in states.items()}}
        for name, states in parts.items()
    }


def _counted(execution: Execution, durations: dict[str, float]) -> dict[str, float]:
    """Return the seconds of each state that counts."""
    found: dict[str, float] = {}
    left_out = NOT_COUNTED[execution.machine]
    visits = list(execution.visits())
    judged = [visit for visit in visits if visit.state == "JudgeCanary"]
    for visit in visits:
        if visit.kind == "Wait" or (visit.state in left_out and visit not in judged[-1:]):
            continue
        seconds = visit.seconds
        if visit.state in CHILDREN:
            seconds -= _child(execution, visit.state, found, durations)
        found[visit.state] = found.get(visit.state, 0.0) + seconds
    return found


def _child(execution: Execution, state: str, done: dict[str, float], durations: dict[str, float]) -> float:
    """Return how long the execution took that a state stands for."""
    suffix = {"RunLoadTest": "-load", "ShiftTraffic": "-shift"}.get(state)
    if suffix is not None:
        return durations[f"{execution.name}{suffix}"]
    return sum(durations[f"{execution.name}-{stage}"] for stage in STAGES) if state not in done else 0.0
