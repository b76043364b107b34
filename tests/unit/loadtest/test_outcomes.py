import pytest

from pressrun.loadtest.outcomes import Outcome, error_name, outcome_of


@pytest.mark.parametrize(
    ("status", "error_type", "outcome"),
    [
        (200, "", "ok"),
        (424, "ModelError", "model_error"),
        (500, "InternalFailure", "model_error"),
        (503, "ServiceUnavailable", "model_error"),
        (429, "ModelNotReadyException", "model_error"),
        (429, "", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (503, "ThrottlingException", "throttled"),
        (400, "ValidationError", "refused"),
        (403, "AccessDeniedException", "refused"),
        (302, "", "refused"),
    ],
)
def test_an_answer_is_told_by_its_status_and_its_error(status: int, error_type: str, outcome: Outcome) -> None:
    assert outcome_of(status, error_type) == outcome


def test_an_error_is_named_by_what_came() -> None:
    assert error_name(424, "ModelError") == "HTTP 424 ModelError"
    assert error_name(502, "") == "HTTP 502"
