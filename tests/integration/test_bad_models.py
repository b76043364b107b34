"""Models that do not serve end their release with a named error; what served before serves again."""

import pytest

from tests.integration.product import Echo
from tests.integration.standing import failure, serving

BAD_MODELS = {
    "loud": ("ContractTestFailedError", "3 of 3 golden cases differ", "expected {"),
    "broken": ("ContractTestFailedError", "status 500", "expected status 200"),
    "absent": ("ConfigRolledBackError", "did not pass the ping health check", "expected '"),
    "silent": ("ConfigRolledBackError", "did not pass the ping health check", "expected '"),
    "fragile": ("LoadTestFailedError", "requests failed", "expected at most 0"),
}


@pytest.mark.parametrize("word", list(BAD_MODELS))
def test_a_model_that_does_not_serve_is_named_and_taken_back(live: Echo, word: str) -> None:
    error, told, expected = BAD_MODELS[word]
    before = serving(live)
    found = failure(live, live.approve(word))
    assert (found["error"], found["stage"]) == (error, "dev")
    assert live.name in found["cause"]
    assert told in found["cause"]
    assert expected in found["cause"]
    assert serving(live) == before


def test_a_model_that_exceeds_its_memory_under_load_is_taken_back(live: Echo) -> None:
    before = serving(live)
    found = failure(live, live.approve("hungry"))
    assert (found["error"], found["stage"]) == ("LoadTestFailedError", "dev")
    assert f"endpoint {live.name} in dev under load" in found["cause"]
    assert "requests failed" in found["cause"]
    assert "expected at most 0" in found["cause"]
    assert serving(live) == before
    logs = live.product.client("logs", "dev")
    events = logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{live.name}")["events"]
    assert any("Out of memory" in event["message"] for event in events), events
