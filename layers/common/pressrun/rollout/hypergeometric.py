"""The normaliser of Fisher's non-central hypergeometric distribution, at any size."""

from math import ceil, exp, lgamma, log, sqrt

# Below this spread every term that counts is added; above it the sum is an integral to more digits than a float has.
_DENSE_SPREAD = 500.0
_NEGLIGIBLE = 1e-18
_STRIDES_A_SPREAD = 8
_SPREADS = 12


def ln_normaliser(n_canary: int, n_control: int, k: int, psi: float) -> float:
    """Return ln Z(psi), the log of the sum over all tables with these margins.

    Z(psi) = sum over j of C(n_canary, j) C(n_control, k - j) psi^j,  j = max(0, k - n_control) .. min(k, n_canary)

    The sum starts at its largest term and follows the ratio of neighbours to both sides until what remains is below
    a float's precision: the terms are log-concave. Very wide sums (spread above 500) are taken at every
    (spread / 8)-th term, whose error for a smooth log-concave function is below that of ``lgamma``
    (1e-5 nats at 1e9 answers, nothing at 1e6).

    Args:
        n_canary: answers of the canary.
        n_control: answers of the stable variant.
        k: events of both sides together, at most n_canary + n_control.
        psi: odds ratio, at least 1.

    Returns:
        Natural logarithm, dimensionless.

    Source: Fog, Calculation Methods for Wallenius' and Fisher's Noncentral Hypergeometric Distributions, 2008.
    """
    low, high = max(0, k - n_control), min(k, n_canary)
    mode = min(max(_mode(n_canary, n_control, k, psi), low), high)
    at_mode = _ln_term(n_canary, n_control, k, psi, mode)
    spread = _spread(n_canary, n_control, k, mode)
    if spread <= _DENSE_SPREAD:
        return at_mode + log(_dense_sum(n_canary, n_control, k, psi, mode, low, high))
    stride = ceil(spread / _STRIDES_A_SPREAD)
    reach = stride * _STRIDES_A_SPREAD * _SPREADS
    terms = range(max(low, mode - reach), min(high, mode + reach) + 1, stride)
    return at_mode + log(stride * sum(exp(_ln_term(n_canary, n_control, k, psi, j) - at_mode) for j in terms))


def ln_choose(n: int, k: int) -> float:
    """Return ln C(n, k)."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _ln_term(n_canary: int, n_control: int, k: int, psi: float, j: int) -> float:
    return ln_choose(n_canary, j) + ln_choose(n_control, k - j) + j * log(psi)


def _mode(n_canary: int, n_control: int, k: int, psi: float) -> int:
    """Return the j where neighbouring terms are equal: (n_canary - j)(k - j) psi = j (n_control - k + j)."""
    a = psi - 1
    b = psi * (n_canary + k) + n_control - k
    c = psi * n_canary * k
    return int(2 * c / (b + sqrt(max(b * b - 4 * a * c, 0.0)))) if b > 0 else 0


def _spread(n_canary: int, n_control: int, k: int, mode: int) -> float:
    """Return the standard deviation around the mode, from the second difference of the log terms."""
    cells = (mode, n_canary - mode, k - mode, n_control - k + mode)
    return 1 / sqrt(sum(1 / (cell + 1) for cell in cells))


def _dense_sum(n_canary: int, n_control: int, k: int, psi: float, mode: int, low: int, high: int) -> float:
    total, term = 1.0, 1.0
    for j in range(mode, high):
        term *= (n_canary - j) * (k - j) * psi / ((j + 1) * (n_control - k + j + 1))
        total += term
        if term < _NEGLIGIBLE:
            break
    term = 1.0
    for j in range(mode, low, -1):
        term *= j * (n_control - k + j) / ((n_canary - j + 1) * (k - j + 1) * psi)
        total += term
        if term < _NEGLIGIBLE:
            break
    return total
