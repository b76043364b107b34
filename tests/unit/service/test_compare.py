import math

import pytest

from pressrun.service.compare import cosine, difference, kendall_tau
from pressrun.service.spec import Comparator

EXACT = Comparator(kind="exact")
COSINE = Comparator(kind="embedding_cosine", min_cosine=0.98)
RANKS = Comparator(kind="rank_order", top_k=3, min_kendall_tau=0.9)


def test_equal_documents_do_not_differ() -> None:
    assert difference(EXACT, {"a": [1, 2]}, {"a": [1, 2]}) is None


def test_different_documents_are_shown() -> None:
    assert difference(EXACT, {"a": 1}, {"a": 2}) == 'answer {"a": 2}, expected {"a": 1}'


def test_a_long_document_is_cut() -> None:
    assert len(difference(EXACT, 1, "x" * 1000) or "") < 200


def test_vectors_of_one_direction_do_not_differ() -> None:
    assert difference(COSINE, {"embeddings": [[1, 2, 3]]}, {"embeddings": [[2, 4, 6.1]], "model": "m"}) is None


def test_a_turned_vector_is_named_with_its_cosine() -> None:
    found = difference(COSINE, {"embeddings": [[1, 0], [1, 0]]}, {"embeddings": [[1, 0], [1, 1]]})
    assert found == "cosine 0.7071 of vector 1, expected at least 0.98"


def test_a_missing_vector_is_a_difference() -> None:
    assert "1 vectors" in (difference(COSINE, [[1, 0], [0, 1]], [[1, 0]]) or "")


def test_a_vector_of_another_length_is_a_difference() -> None:
    assert difference(COSINE, [[1, 0, 0]], [[1, 0]]) == "vector 0 has 2 dimensions, expected 3"


@pytest.mark.parametrize("answer", [{"embeddings": [[math.nan, 1]]}, {"embeddings": []}, "no vector", {"e": [True, 1]}])
def test_an_answer_without_vectors_is_a_difference(answer: object) -> None:
    assert "0 vectors" in (difference(COSINE, [[1, 0]], answer) or "")


def test_a_vector_of_zeros_points_nowhere() -> None:
    assert cosine([0, 0], [1, 1]) == 0
    assert "cosine 0.0000" in (difference(COSINE, [[1, 1]], [[0, 0]]) or "")


@pytest.mark.parametrize(
    ("found", "tau"),
    [(["a", "b", "c"], 1), (["c", "b", "a"], -1), (["a", "c", "b"], 1 / 3), (["x", "a", "b", "c"], 1), (["a"], 2 / 3)],
)
def test_kendalls_tau_counts_pairs_in_order(found: list[str], tau: float) -> None:
    assert kendall_tau(["a", "b", "c"], found) == pytest.approx(tau)


def test_only_the_first_ranks_count() -> None:
    wanted = {"results": [{"id": name} for name in "abcde"]}
    assert difference(RANKS, wanted, {"results": [{"id": name} for name in "abced"]}) is None


def test_a_swapped_rank_is_a_difference_with_its_tau() -> None:
    assert "Kendall's tau 0.333 of the first 3, expected 0.9" in (difference(RANKS, list("abc"), list("acb")) or "")


def test_an_answer_without_a_ranking_is_a_difference() -> None:
    assert "no ranking in 3" in (difference(RANKS, list("abc"), 3) or "")
