"""How much traffic the canary may have: what is known of its errors bounds the harm of the next step."""

from math import inf, lgamma, log, log1p

A, B = 0.5, 4.5  # beta-binomial mixture: ten per cent errors expected, half an error's worth of belief
TOP_SHARE = 0.5
WATCH_SHARE = 0.9
CAUTIOUS_SHARE = 0.2
RATE_NOISE = 1.25
_STEPS = 40
_DIGITS = 6

INCIDENT_ERRORS = 3
INCIDENT_FACTOR = 5
INCIDENT_RATE = 0.01


def upper_bound(errors: int, answers: int, beta: float) -> float:
    """Return a bound on the canary's error rate that holds at all times at once with probability 1 - beta.

    u = the largest p with  e ln p + (n - e) ln(1 - p) >= ln B(a + e, b + n - e) - ln B(a, b) + ln beta

    (beta-binomial mixture, a = .5, b = 4.5; bisection). A share of answers in [0, 1]; 1 while there are none.

    Source: Robbins, Statistical methods related to the law of the iterated logarithm, Ann. Math. Stat. 1970.
    """
    low, high = (errors / answers if answers else 1.0), 1.0
    if low >= 1:
        return 1.0
    level = _ln_level(errors, answers, beta)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _ln_likelihood(errors, answers, middle) >= level:
            low = middle
        else:
            high = middle
    return high


def is_bounded(errors: int, answers: int, beta: float, limit: float) -> bool:
    """Tell whether `upper_bound` is at most a limit, without searching for it."""
    if limit >= 1:
        return True
    if not answers or errors / answers >= limit:
        return False
    return _ln_likelihood(errors, answers, limit) < _ln_level(errors, answers, beta)


def allowed_share(bound: float, rate: float, delay: float, budget: float, floor: float) -> float:
    """Return the largest share whose harm within one decision delay stays inside the budget.

    allowed = min(budget / (u rate d), .5),  at most .2 while u >= .5,  never below the floor

    Args:
        bound: u, the upper bound of the canary's error rate.
        rate: requests a second of the whole endpoint; without any there is nothing to raise for, and the floor holds.
        delay: d in seconds = poll + metric lag + actuation: the time from a bad answer to the end of bad answers.
        budget: bad answers that may be served within one delay.
        floor: the least share, .002.
    """
    harm = bound * rate * delay
    if harm <= 0:
        return floor
    most = CAUTIOUS_SHARE if bound >= TOP_SHARE else TOP_SHARE
    return max(round(min(budget / harm, most), _DIGITS), floor)


def next_share(wanted: float, in_force: float | None, allowed: float, step: float) -> float:
    """Return the share to ask for: never below the one in force, and raised in worthwhile steps only.

    A raise asked for earlier that is not in force yet stands while it is allowed (but for the noise of the rate), so
    that a refused call is made again; it is withdrawn when it is not allowed any more. A further raise is at least
    ``step`` times the present share, or goes to the top: every change of weights costs the poll in which it falls.
    """
    present = wanted
    if in_force is not None and (in_force >= wanted or wanted > RATE_NOISE * allowed):
        present = in_force
    worthwhile = allowed >= step * present or allowed >= TOP_SHARE
    return max(present, allowed) if worthwhile else present


def is_incident(errors: int, answers: int, errors_before: int, answers_before: int) -> bool:
    """Tell whether the stable variant itself is in trouble, by its own past.

    errors >= 3  and  errors / answers > max(5 (E + .5) / (N + 250), 1 %),  E of N: its errors before, outside incidents
    """
    usual = INCIDENT_FACTOR * (errors_before + 0.5) / (answers_before + 250)
    return errors >= INCIDENT_ERRORS and errors > answers * max(usual, INCIDENT_RATE)


def error_limit(margin: float, control_errors: int, control_answers: int) -> float:
    """Return the bound on errors that allows promotion: max(margin, 4 (E + .5) / (N + 1)) of the stable variant."""
    return max(margin, 4 * (control_errors + 0.5) / (control_answers + 1))


def _ln_likelihood(errors: int, answers: int, p: float) -> float:
    if p >= 1:
        return -inf
    return (errors * log(p) if errors else 0.0) + (answers - errors) * log1p(-p)


def _ln_level(errors: int, answers: int, beta: float) -> float:
    return _ln_beta(A + errors, B + answers - errors) - _ln_beta(A, B) + log(beta)


def _ln_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
