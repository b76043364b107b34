from typing import Any

import pytest

from pressrun.deployment.endpoint import Endpoint
from pressrun.deployment.plan import PlanStage, StagePlan, plan_stage
from pressrun.errors import EndpointFailedError, LeaseLostError, ReleaseChangedError
from tests.unit.deployment.builders import LIVE, RELEASE, endpoint, pinned, variant

HOLDER = "arn:aws:states:us-east-1:111111111111:execution:pressrun-promote-release:one"
PROVEN = {"live": {"config_name": f"{LIVE}-live", "release_id": LIVE}}


class FakeBook:
    def __init__(self, item: dict[str, Any] | None = None, holder: str | None = HOLDER) -> None:
        self._item, self._holder = item, holder
        self.claimed: list[str] = []

    def holder(self, service: str) -> str | None:
        return self._holder

    def item(self, service: str, stage: str) -> dict[str, Any] | None:
        return self._item

    def claim(self, plan: StagePlan) -> None:
        self.claimed.append(plan.release_id)


def planned(found: Endpoint | None, book: FakeBook, stage: str = "prod", **spec: Any) -> StagePlan:
    command = PlanStage.model_validate(
        {
            "release_id": RELEASE,
            "service": "reranking",
            "stage": stage,
            "endpoint_name": "reranking",
            "holder": HOLDER,
        }
    )
    return plan_stage(command, pinned(**spec), found, book)


def test_a_service_without_an_endpoint_gets_one() -> None:
    book = FakeBook()
    made = planned(None, book)
    assert (made.strategy, made.phase, made.live_config) == ("create", "whole", None)
    assert book.claimed == [RELEASE]


def test_prod_is_opened_beside_what_is_live() -> None:
    made = planned(endpoint(), FakeBook(PROVEN))
    assert (made.strategy, made.phase, made.live_config) == ("weights", "open", f"{LIVE}-live")


def test_dev_is_replaced_as_a_whole() -> None:
    made = planned(endpoint(), FakeBook(PROVEN), stage="dev")
    assert (made.strategy, made.phase) == ("replace", "whole")


def test_the_new_variant_gets_as_many_instances_as_stable_has() -> None:
    made = planned(endpoint(variant(count=4)), FakeBook(PROVEN))
    assert made.instance_count == 4


def test_the_new_variant_gets_no_less_than_the_specs_minimum() -> None:
    assert planned(endpoint(variant(count=1)), FakeBook(PROVEN)).instance_count == 2


def test_a_lost_lease_plans_nothing() -> None:
    book = FakeBook(PROVEN, holder="another")
    with pytest.raises(LeaseLostError, match="held by another, expected arn"):
        planned(endpoint(), book)
    assert book.claimed == []


def test_an_endpoint_that_nobody_proved_is_not_built_upon() -> None:
    book = FakeBook({})
    with pytest.raises(EndpointFailedError, match="which no release of 'reranking' has proven in prod"):
        planned(endpoint(), book)
    assert book.claimed == []


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed", "OutOfService"])
def test_a_broken_endpoint_is_an_error_that_says_so(status: str) -> None:
    with pytest.raises(EndpointFailedError, match=f"is {status}, expected InService"):
        planned(endpoint(status=status), FakeBook(PROVEN))


def test_a_config_that_was_changed_by_hand_stops_the_release() -> None:
    with pytest.raises(ReleaseChangedError, match=f"serves config 'by-hand', expected the last proven one, '{LIVE}-l"):
        planned(endpoint(config="by-hand"), FakeBook(PROVEN))


def test_a_repeated_plan_meets_its_own_endpoint() -> None:
    made = planned(endpoint(config=f"{RELEASE}-live"), FakeBook({"changing": RELEASE, "created_by": RELEASE}))
    assert made.strategy == "create"


def test_the_load_test_is_complete_and_the_same_each_time() -> None:
    first, again = (planned(None, FakeBook(), stage="qa").load_test for _ in range(2))
    assert first == again
    assert first is not None
    assert first["samples_key"] == f"specs/reranking/{'5' * 64}/load.jsonl"
    assert first["variant"] is None
    assert set(first["slo"]) == {"p95_ms", "p99_ms", "error_rate"}


def test_a_load_test_in_prod_asks_the_canary() -> None:
    stages = {"prod": {"load_test": {"requests_per_second": 5, "seconds": 10}}}
    made = planned(endpoint(), FakeBook(PROVEN), stages=stages)
    assert made.load_test is not None
    assert made.load_test["variant"] == "canary"
