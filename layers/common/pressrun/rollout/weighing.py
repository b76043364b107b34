"""What one poll adds to the evidence: errors, latencies, predictions."""

from collections.abc import Sequence
from math import log
from typing import Literal, NamedTuple

from pressrun.rollout.configuration import OTHER, Configuration
from pressrun.rollout.evidence import Evidence, Table, counted, grown, ln_closed, ln_exact, ln_sum, ln_values
from pressrun.rollout.inputs import JudgeInputError, Poll, Side
from pressrun.rollout.state import CLASS_PSIS, ERROR_PSIS, LATENCY_PSIS, NOT_SLOWER_PSIS, State, Tally
from pressrun.rollout.thresholds import QUANTILES, Asked, by_poll_length

CLASS_PSI0 = 1.5
CLASS_SECONDS = 60
CLASS_CAP = 1.5
_P90 = QUANTILES.index(0.9)
_SAME_MS = 1e-6

Kind = Literal["errors", "latency", "predictions"]


def weigh_errors(state: State, poll: Poll) -> None:
    """Add the poll's errors; they alone are not capped: half the answers wrong must not need a second poll."""
    table = Table(poll.canary.errors, poll.canary.n, poll.control.errors, poll.control.n)
    gains = [ln_closed(table, psi) for psi in ERROR_PSIS]
    state["errors"] = counted(grown(state["errors"], [gains], cap=None), [table])


def weigh_latency(state: State, poll: Poll, config: Configuration, seconds: float) -> None:
    """Add the counts above the thresholds of the last decision, for slower and for not slower.

    The median is a frequent event and takes the exact form.
    """
    cap = config.cap if config.cap is not None else by_poll_length(seconds, 1.5, 2.5)
    tables = [_table(poll, q, q) for q in map(QUANTILES.index, config.quantiles)]
    gains = [
        [ln_exact(table, psi) if q == QUANTILES[0] else ln_closed(table, psi) for psi in LATENCY_PSIS]
        for q, table in zip(config.quantiles, tables, strict=True)
    ]
    state["latency"] = counted(grown(state["latency"], gains, cap), tables)
    beyond_margin = _table(poll, len(QUANTILES), _P90)
    mirrored = [[ln_closed(beyond_margin, psi) for psi in NOT_SLOWER_PSIS]]
    state["not_slower"] = counted(grown(state["not_slower"], mirrored, cap), [beyond_margin])


def weigh_classes(state: State, poll: Poll, config: Configuration, seconds: float) -> None:
    """Tally the predictions, and compare them once a minute of them has come under one share."""
    if not config.labels or poll.weights is None or poll.control.classes is None or poll.canary.classes is None:
        return
    tally = _tallied(state["tally"], poll, config.labels, seconds)
    state["tally"] = tally
    n_control, n_canary = sum(tally["control"]), sum(tally["canary"])
    if tally["seconds"] < CLASS_SECONDS or not n_control or not n_canary:
        return
    tables = [Table(k, n_canary, j, n_control) for k, j in zip(tally["canary"], tally["control"], strict=True)]
    gains = [[ln_exact(table, psi, CLASS_PSI0) for psi in CLASS_PSIS] for table in tables]
    state["classes"] = counted(grown(state["classes"], gains, CLASS_CAP), tables)
    state["tally"] = None


class Term(NamedTuple):
    """One event's part of E: the log of it, and the sums of its tables."""

    ln_e: float
    kind: Kind
    row: int
    table: list[int]


def terms(state: State, config: Configuration) -> list[Term]:
    """Return the weighted terms of E.

    E = w_errors E_errors + w_latency mean over q of E_q + w_predictions mean over labels of E_label

    An average of e-processes is valid under any dependence. Without labels the last weight stays unused.
    """
    weights = config.evidence_weights
    return [
        *_terms("errors", state["errors"], weights[0]),
        *_terms("latency", state["latency"], weights[1]),
        *_terms("predictions", state["classes"], weights[2]),
    ]


def ln_union(state: State, config: Configuration) -> float:
    """Return ln E of all evidence together, nats."""
    return ln_sum([term.ln_e for term in terms(state, config)])


def check_thresholds(side: str, answers: Side, asked: Asked) -> None:
    """Refuse counts above other latencies than the last decision asked for; none at all are not a mistake."""
    expected = asked["control"] if side == "control" else asked["canary"]
    found = [ms for ms, _ in answers.above]
    if not found:
        return
    if len(found) != len(expected) or any(
        abs(a - b) > _SAME_MS * max(a, b) for a, b in zip(found, expected, strict=True)
    ):
        raise JudgeInputError(f"{side}.above", found, f"counts above {expected} ms, as the last decision asked")


def _terms(kind: Kind, evidence: Evidence, weight: float) -> list[Term]:
    if not weight:
        return []
    share = log(weight) - log(max(len(evidence["tables"]), 1))
    rows = zip(ln_values(evidence), evidence["tables"], strict=True)
    return [Term(share + ln_e, kind, row, table) for row, (ln_e, table) in enumerate(rows)]


def _table(poll: Poll, at_canary: int, at_control: int) -> Table:
    return Table(poll.canary.above[at_canary][1], poll.canary.n, poll.control.above[at_control][1], poll.control.n)


def _tallied(tally: Tally | None, poll: Poll, labels: Sequence[str], seconds: float) -> Tally:
    weights = poll.weights or 0.0
    if tally is None or tally["weights"] != weights:
        tally = {"weights": weights, "seconds": 0.0, "control": [0] * len(labels), "canary": [0] * len(labels)}
    return {
        "weights": weights,
        "seconds": tally["seconds"] + seconds,
        "control": _added(tally["control"], poll.control, labels),
        "canary": _added(tally["canary"], poll.canary, labels),
    }


def _added(counts: Sequence[int], side: Side, labels: Sequence[str]) -> list[int]:
    given = dict(side.classes or {})
    known = {label: given.pop(label, 0) for label in labels}
    known[OTHER] = known.get(OTHER, 0) + sum(given.values())
    return [count + known[label] for count, label in zip(counts, labels, strict=True)]
