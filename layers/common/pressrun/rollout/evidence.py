"""Evidence that stays valid at every look: e-values of 2x2 tables, and the e-processes they grow.

An e-value is a nonnegative number whose mean is at most 1 when the canary is sound. A product of them, one a poll,
exceeds 1/alpha at any time with probability at most alpha (Ville's inequality), however often one looks.
"""

from collections.abc import Sequence
from math import exp, inf, log, log1p
from typing import NamedTuple, TypedDict

from pressrun.rollout.hypergeometric import ln_choose, ln_normaliser

ONSET_SHARE = 0.5
ONSET_DELAY = 4


class Table(NamedTuple):
    """Events and answers of both sides in one poll."""

    k_canary: int
    n_canary: int
    k_control: int
    n_control: int


class Evidence(TypedDict):
    """E-processes that grow together, one row for each monitored event.

    polls: polls judged so far. unspent: mass kept for defects that have not begun. ln_m: for each event and each odds
    ratio of its grid, the log of the mass already at work. tables: for each event the sums of its tables, for people.
    """

    polls: int
    unspent: float
    ln_m: list[list[float]]
    tables: list[list[int]]


def ln_closed(table: Table, psi: float) -> float:
    """Return the log e-value of a table for odds ratio psi against "at most 1" (psi < 1: against "at least 1").

    ln e(psi) = k_canary ln psi - k ln(1 + pi (psi - 1)),
    k = k_canary + k_control,  pi = n_canary / (n_canary + n_control)

    Given the poll's totals k_canary is hypergeometric, and E[psi^K] <= (1 - pi + pi psi)^k.

    Returns:
        Nats, dimensionless; 0 where nothing happened.

    Source: Hoeffding, Probability inequalities for sums of bounded random variables, JASA 1963, section 6.
    """
    pi = table.n_canary / (table.n_canary + table.n_control)
    return table.k_canary * log(psi) - (table.k_canary + table.k_control) * log1p(pi * (psi - 1))


def ln_exact(table: Table, psi: float, psi0: float = 1.0) -> float:
    """Return the log e-value of a table for odds ratio psi against every odds ratio up to psi0; for frequent events.

    ln e(psi; psi0) = k_canary ln(psi / psi0) - [ln Z(psi) - ln Z(psi0)],  Z of `hypergeometric.ln_normaliser`

    It is the likelihood ratio of two non-central hypergeometric distributions, so its mean is 1 at psi0 and lower
    below. Nats, dimensionless.

    Source: Fisher, The logic of inductive inference, JRSS 1935 (the conditional distribution of a 2x2 table).
    """
    k = table.k_canary + table.k_control
    ln_z = ln_normaliser(table.n_canary, table.n_control, k, psi)
    if psi0 == 1:
        ln_z0 = ln_choose(table.n_canary + table.n_control, k)
    else:
        ln_z0 = ln_normaliser(table.n_canary, table.n_control, k, psi0)
    return table.k_canary * log(psi / psi0) - (ln_z - ln_z0)


def fresh(events: int, psis: int, w0: float) -> Evidence:
    """Start e-processes: each odds ratio of each event begins with mass w0, the rest is kept for later onsets."""
    return {
        "polls": 0,
        "unspent": 1 - w0,
        "ln_m": [[log(w0)] * psis for _ in range(events)],
        "tables": [[0, 0, 0, 0] for _ in range(events)],
    }


def grown(evidence: Evidence, increments: Sequence[Sequence[float]], cap: float | None) -> Evidence:
    """Return the e-processes after one more poll.

    T += 1;  w = R 0.5 / (T + 4);  R -= w;  M = (M + w) exp(min(ln e, cap))

    The mass w spent in a poll is a prior on the onset of a defect, about T^-1.5. The cap (nats a poll) keeps validity
    because min(e, c) <= e, and takes from any single poll the power to decide.

    Args:
        evidence: the processes so far.
        increments: for each event, the log e-value of this poll for each odds ratio of the grid.
        cap: the most nats one poll may add, None for no limit.

    Source: Ramdas, Gruenwald, Vovk, Shafer, Game-theoretic statistics and safe anytime-valid inference, 2023.
    """
    polls = evidence["polls"] + 1
    spent = evidence["unspent"] * ONSET_SHARE / (polls + ONSET_DELAY)
    most = inf if cap is None else cap
    return {
        "polls": polls,
        "unspent": evidence["unspent"] - spent,
        "ln_m": [
            [ln_add(ln_m, log(spent)) + min(gain, most) for ln_m, gain in zip(row, gains, strict=True)]
            for row, gains in zip(evidence["ln_m"], increments, strict=True)
        ],
        "tables": evidence["tables"],
    }


def counted(evidence: Evidence, tables: Sequence[Table]) -> Evidence:
    """Return the e-processes with this poll's tables added to their sums, which only people read."""
    sums = [
        [total + new for total, new in zip(row, table, strict=True)]
        for row, table in zip(evidence["tables"], tables, strict=True)
    ]
    return {**evidence, "tables": sums}


def ln_values(evidence: Evidence) -> list[float]:
    """Return ln E of each event, E = R + mean of M over its grid."""
    ln_unspent = log(evidence["unspent"])
    return [ln_add(ln_unspent, ln_sum(row) - log(len(row))) for row in evidence["ln_m"]]


def ln_add(a: float, b: float) -> float:
    """Return ln(exp a + exp b) without overflow."""
    high, low = (a, b) if a >= b else (b, a)
    return high + log1p(exp(low - high))


def ln_sum(values: Sequence[float]) -> float:
    """Return the log of a sum of exponentials without overflow."""
    high = max(values)
    return high + log(sum(exp(value - high) for value in values))
