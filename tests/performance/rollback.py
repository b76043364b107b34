"""How soon traffic goes back once that is decided, and whether a request is lost on any of a release's ways."""

from itertools import pairwise

from tests.performance.figure import Figure, NotMeasuredError
from tests.performance.releases import REQUESTS_PER_SECOND, Played

GOAL_SECONDS = 3.0
OK, MODEL_ERROR = 200, 424


def measure(played: Played) -> list[Figure]:
    """Read the caught release's rollout, and the readers' log."""
    return [_decision(played), _lost(played)]


def _decision(played: Played) -> Figure:
    rollout = played.caught.rollout or {}
    accepted = rollout.get("decision_to_accepted_seconds")
    if accepted is None:
        raise NotMeasuredError("the evidence of the caught release's rollout has no decision_to_accepted_seconds")
    machine = next(each for each in played.caught.executions if each.machine == "shift_traffic")
    visits = list(machine.visits())
    judged = next(index for index, visit in reversed(list(enumerate(visits))) if visit.state == "JudgeCanary")
    returned = next(visit for visit in visits[judged:] if visit.state == "ReturnTraffic")
    in_force = (returned.exited - visits[judged].exited).total_seconds()
    idle = all((later.entered - earlier.exited).total_seconds() < 1 for earlier, later in pairwise(visits))
    note = (
        f"from the rollout's evidence; by the history {in_force:.2f} s from JudgeCanary's end to ReturnTraffic's, when"
        f" the weight was in force\nReturnTraffic's first call ever, so cold; AWS's delays x {played.delay_factor:g}"
        f" (a change of weights 20 s -> {20 * played.delay_factor:g} s), metrics after {played.metric_lag:g} s"
    )
    details = {"decision_to_in_force_seconds": in_force, "returned": rollout.get("returned"), "unbroken": idle}
    return Figure("roll-back: decision to accepted call", accepted, "s", GOAL_SECONDS, note, details)


def _lost(played: Played) -> Figure:
    answers = played.answers
    lost = [answer for answer in answers if answer["status"] not in {OK, MODEL_ERROR}]
    bad = sum(answer["status"] == MODEL_ERROR for answer in answers)
    seconds = max(a["at"] for a in answers) - min(a["at"] for a in answers)
    told = sorted({f"{answer['status']} {answer['told'][:120]}" for answer in lost})[:3]
    note = (
        f"{len(answers)} requests in {seconds:.0f} s ({len(answers) / seconds:.1f} a second, asked for"
        f" {REQUESTS_PER_SECOND:g}) over open, rollout, settle and roll-back of two releases\n"
        f"{bad} more were answered badly by the caught model"
    )
    details = {"requests": len(answers), "bad_answers": bad, "lost": lost[:20]}
    return Figure("requests lost", len(lost), "requests", 0, "\n".join([note, *told]), details)
