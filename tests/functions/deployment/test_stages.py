from typing import Any

import pytest

from pressrun.aws.stages import Stages
from pressrun.deployment.plan import StagePlan
from pressrun.errors import EndpointBusyError
from tests.functions.conftest import Tools
from tests.unit.deployment.builders import LIVE, RELEASE, plan

PLAN = StagePlan.model_validate(plan())


@pytest.fixture
def opened(tools: Tools) -> Tools:
    tools.table("releases").put_item(Item={"release_id": RELEASE, "record": "release", "stages_touched": ["dev"]})
    return tools


def item(tools: Tools) -> dict[str, Any]:
    found: dict[str, Any] = tools.table("endpoints").get_item(Key={"service": "reranking", "stage": "prod"})["Item"]
    return found


def proven(tools: Tools, release_id: str) -> list[str]:
    stages = Stages.here()
    tools.table("endpoints").update_item(
        Key={"service": "reranking", "stage": "prod"},
        UpdateExpression="SET changing = :r",
        ExpressionAttributeValues={":r": release_id},
    )
    return stages.prove("reranking", "prod", {"release_id": release_id, "config_name": f"{release_id}-live"})


def test_a_claim_stands_on_both_the_endpoint_and_the_release(opened: Tools) -> None:
    Stages.here().claim(PLAN)
    Stages.here().claim(PLAN)
    assert item(opened) == {
        "service": "reranking",
        "stage": "prod",
        "endpoint_name": "reranking",
        "variants": {"stable": "stable", "canary": "canary"},
        "changing": RELEASE,
        "created_by": RELEASE,
    }
    release = opened.table("releases").get_item(Key={"release_id": RELEASE, "record": "release"})["Item"]
    assert release["stages_touched"] == ["dev", "prod"]


def test_a_claim_on_a_proven_endpoint_did_not_create_it(opened: Tools) -> None:
    proven(opened, LIVE)
    Stages.here().claim(PLAN)
    assert "created_by" not in item(opened)


def test_an_endpoint_that_another_release_changes_is_busy(opened: Tools) -> None:
    opened.table("endpoints").put_item(Item={"service": "reranking", "stage": "prod", "changing": LIVE})
    with pytest.raises(EndpointBusyError, match=f"being changed by {LIVE}"):
        Stages.here().claim(PLAN)
    assert item(opened)["changing"] == LIVE


def test_a_proven_release_keeps_two_before_it(opened: Tools) -> None:
    kept = [proven(opened, release_id) for release_id in ("r1", "r2", "r3", "r4")][-1]
    assert kept == ["r4", "r3", "r2"]
    assert "changing" not in item(opened)
    assert [entry["release_id"] for entry in item(opened)["previous"]] == ["r3", "r2"]


def test_a_release_that_is_proven_twice_is_not_its_own_predecessor(opened: Tools) -> None:
    proven(opened, "r1")
    assert proven(opened, "r1") == ["r1"]


def test_variants_have_their_usual_names_until_a_claim_says_otherwise(opened: Tools) -> None:
    assert Stages.here().variants("reranking", "prod") == ("stable", "canary")
    Stages.here().claim(PLAN.model_copy(update={"canary": "candidate"}))
    assert Stages.here().variants("reranking", "prod") == ("stable", "candidate")
