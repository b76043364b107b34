from itertools import product
from math import comb, exp, isfinite, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rollout.evidence import Table, fresh, grown, ln_closed, ln_exact, ln_values
from pressrun.rollout.hypergeometric import ln_normaliser
from pressrun.rollout.state import CLASS_PSIS, ERROR_PSIS, LATENCY_PSIS, NOT_SLOWER_PSIS

SMALL = range(1, 14)
LARGE = 10**9


def table(k_canary: int, k_control: int, n_canary: int, n_control: int) -> Table:
    return Table(k_canary, n_canary, k_control, n_control)


def distribution(n_canary: int, n_control: int, k: int, psi: float) -> dict[int, float]:
    """Return the probability of each k_canary, given the margins and the true odds ratio."""
    support = range(max(0, k - n_control), min(k, n_canary) + 1)
    weights = {j: comb(n_canary, j) * comb(n_control, k - j) * psi**j for j in support}
    return {j: weight / sum(weights.values()) for j, weight in weights.items()}


@pytest.mark.parametrize(
    ("cells", "psi", "expected"), [((3, 1, 100, 900), 4, 3.109426), ((0, 5, 100, 900), 4, -1.311821)]
)
def test_the_closed_form_gives_the_published_values(
    cells: tuple[int, int, int, int], psi: float, expected: float
) -> None:
    assert ln_closed(table(*cells), psi) == pytest.approx(expected, abs=1e-6)


def test_the_closed_form_gives_the_published_values_on_the_error_grid() -> None:
    found = [ln_closed(table(6, 0, 12, 108), psi) for psi in ERROR_PSIS]
    assert found == pytest.approx([2.470408, 4.659173, 6.743581, 9.292874, 12.241325, 13.465897], abs=1e-5)


def test_the_mirrored_closed_form_gives_the_published_values() -> None:
    found = [ln_closed(table(2, 12, 100, 900), psi) for psi in NOT_SLOWER_PSIS]
    assert found == pytest.approx([-0.113447, -0.286921, -0.668188, -1.391956], abs=1e-6)


def test_the_exact_form_gives_the_published_value_where_the_closed_one_is_weak() -> None:
    assert ln_exact(table(60, 430, 100, 900), 1.5) == pytest.approx(2.614721, abs=1e-6)
    assert ln_closed(table(60, 430, 100, 900), 1.5) == pytest.approx(0.420726, abs=1e-6)


def test_the_exact_form_gives_the_published_values_against_a_tolerance() -> None:
    found = [ln_exact(table(30, 70, 100, 900), psi, 1.5) for psi in CLASS_PSIS]
    assert found == pytest.approx([5.426246, 10.608674], abs=1e-6)


def test_the_closed_form_is_an_e_value_for_every_small_table() -> None:
    for n_canary, n_control in product(SMALL, SMALL):
        for k, psi in product(range(n_canary + n_control + 1), (*ERROR_PSIS, *LATENCY_PSIS, *NOT_SLOWER_PSIS)):
            chances = distribution(n_canary, n_control, k, 1)
            mean = sum(p * exp(ln_closed(table(j, k - j, n_canary, n_control), psi)) for j, p in chances.items())
            assert mean <= 1 + 1e-9, (n_canary, n_control, k, psi)


@pytest.mark.parametrize("psi0", [1.0, 1.5])
def test_the_exact_form_is_an_e_value_for_every_small_table_up_to_its_tolerance(psi0: float) -> None:
    for n_canary, n_control in product(range(1, 9), range(1, 9)):
        for k, psi in product(range(n_canary + n_control + 1), (1.6, 2.2, 5)):
            values = {
                j: exp(ln_exact(table(j, k - j, n_canary, n_control), psi, psi0))
                for j in distribution(n_canary, n_control, k, 1)
            }
            for truth in (psi0, 0.9 * psi0, 0.3):
                chances = distribution(n_canary, n_control, k, truth)
                assert sum(chances[j] * values[j] for j in values) <= 1 + 1e-9, (n_canary, n_control, k, psi, truth)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 600), st.floats(1, 150), st.integers(2, 20))
def test_polls_of_one_split_carry_the_evidence_of_their_sum(a: int, b: int, k: int, psi: float, parts: int) -> None:
    k_canary = min(k, a)
    whole = table(k_canary * parts, 0, a * parts, b * parts)
    part = table(k_canary, 0, a, b)
    assert parts * ln_closed(part, psi) == pytest.approx(ln_closed(whole, psi), rel=1e-9, abs=1e-9)


@given(st.integers(1, 400), st.integers(1, 400), st.data(), st.floats(1, 6))
def test_the_normaliser_is_the_sum_over_all_tables(
    n_canary: int, n_control: int, data: st.DataObject, psi: float
) -> None:
    k = data.draw(st.integers(0, n_canary + n_control))
    support = range(max(0, k - n_control), min(k, n_canary) + 1)
    logs = [log(comb(n_canary, j)) + log(comb(n_control, k - j)) + j * log(psi) for j in support]
    expected = max(logs) + log(sum(exp(value - max(logs)) for value in logs))
    assert ln_normaliser(n_canary, n_control, k, psi) == pytest.approx(expected, rel=1e-11, abs=1e-9)


def test_a_very_wide_sum_is_the_same_as_all_of_its_terms() -> None:
    every_term = ln_normaliser(1_900_000, 1_900_000, 1_900_000, 1)
    wide = ln_normaliser(2_100_000, 2_100_000, 2_100_000, 1)
    for n, found in ((1_900_000, every_term), (2_100_000, wide)):
        known = lgamma(2 * n + 1) - 2 * lgamma(n + 1)
        assert found == pytest.approx(known, abs=1e-6)


@pytest.mark.parametrize("k", [0, 1, LARGE // 2, LARGE, 2 * LARGE - 1, 2 * LARGE])
@pytest.mark.parametrize("sizes", [(LARGE, LARGE), (1, 2 * LARGE - 1), (2 * LARGE - 1, 1)])
def test_no_size_of_traffic_overflows(sizes: tuple[int, int], k: int) -> None:
    n_canary, n_control = sizes
    for k_canary in {max(0, k - n_control), min(k, n_canary)}:
        cells = table(k_canary, k - k_canary, n_canary, n_control)
        assert all(isfinite(ln_closed(cells, psi)) for psi in ERROR_PSIS)
        assert all(isfinite(ln_exact(cells, psi, psi0)) for psi in LATENCY_PSIS for psi0 in (1, 1.5))


def test_an_even_split_at_a_billion_answers_speaks_for_the_canary() -> None:
    cells = table(LARGE // 2, LARGE // 2, LARGE, LARGE)
    assert ln_exact(cells, 1.2) < -1e6


def test_the_unspent_mass_follows_the_published_series() -> None:
    evidence = fresh(1, 1, 0.5)
    unspent = []
    for _ in range(3):
        evidence = grown(evidence, [[0.0]], cap=1.5)
        unspent.append(evidence["unspent"])
    assert unspent == pytest.approx([0.45, 0.4125, 0.383036], abs=1e-6)


def test_a_capped_poll_grows_as_published() -> None:
    evidence = grown(fresh(1, 4, 0.5), [[2.0, 1.0, 0.5, -0.3]], cap=1.5)
    assert evidence["ln_m"][0] == pytest.approx([0.902163, 0.402163, -0.097837, -0.897837], abs=1e-6)
    assert ln_values(evidence)[0] == pytest.approx(0.570164, abs=1e-6)


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.floats(0.1, 3))
def test_the_cap_never_makes_evidence_stronger(gains: list[float], cap: float) -> None:
    evidence = fresh(1, 4, 0.5)
    assert ln_values(grown(evidence, [gains], cap))[0] <= ln_values(grown(evidence, [gains], None))[0] + 1e-12


def test_an_e_process_without_events_stays_at_one() -> None:
    evidence = fresh(2, 4, 0.5)
    for _ in range(1000):
        evidence = grown(evidence, [[0.0] * 4, [0.0] * 4], cap=1.5)
    assert ln_values(evidence) == pytest.approx([0, 0], abs=1e-9)


def test_evidence_of_any_size_stays_finite() -> None:
    evidence = fresh(1, 2, 0.5)
    for gains in ([1e9, -1e9], [-1e9, 1e9], [1e9, 1e9]):
        evidence = grown(evidence, [gains], cap=None)
    assert isfinite(ln_values(evidence)[0])
