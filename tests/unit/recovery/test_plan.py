"""Which stages go back, and where to."""

import json
from typing import Any

import pytest

from pressrun.errors import InvalidInputError
from pressrun.recovery.plan import outcome_of, plan_stages, release_to_leave
from pressrun.recovery.records import Proven, StageRecord


def proven(release_id: str) -> Proven:
    return Proven(release_id=release_id, config_name=f"{release_id}-live", model_name=release_id)


def record(stage: str = "prod", live: str | None = "v2", previous: tuple[str, ...] = (), **more: Any) -> StageRecord:
    return StageRecord(
        service="reranking",
        stage=stage,
        endpoint_name="reranking",
        live=proven(live) if live else None,
        previous=tuple(proven(each) for each in previous),
        **more,
    )


def targets(
    release_id: str, records: list[StageRecord], to: str | None = None, promoted: bool = False
) -> dict[str, str | None]:
    plans = plan_stages(release_id, records, to=to, promoted=promoted)
    return {plan.stage: plan.target.release_id if plan.target else None for plan in plans}


def test_a_stage_under_change_goes_back_to_what_is_live() -> None:
    assert targets("v3", [record(changing="v3")]) == {"prod": "v2"}


def test_a_stage_that_a_failed_release_had_passed_goes_back_too() -> None:
    passed = record("dev", live="v3", previous=("v2", "v1"))
    assert targets("v3", [passed, record(changing="v3")]) == {"prod": "v2", "dev": "v2"}


def test_a_stage_that_the_release_never_touched_stays() -> None:
    assert targets("v3", [record("qa", live="v2"), record("dev", changing="v3")]) == {"dev": "v2"}


def test_prod_goes_back_first() -> None:
    records = [record("dev", changing="v3"), record("qa", changing="v3"), record(changing="v3")]
    assert [plan.stage for plan in plan_stages("v3", records, to=None, promoted=False)] == ["prod", "qa", "dev"]


def test_an_operator_leaves_a_promoted_release_for_the_one_before() -> None:
    assert targets("v3", [record(live="v3", previous=("v2", "v1"))], promoted=True) == {"prod": "v2"}


def test_an_operator_may_name_an_older_release() -> None:
    assert targets("v3", [record(live="v3", previous=("v2", "v1"))], to="v1", promoted=True) == {"prod": "v1"}


def test_a_release_that_was_never_proven_is_refused_and_the_proven_ones_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"cannot go from 'v3' to 'v9', expected .*: 'v2', 'v1'"):
        targets("v3", [record(live="v3", previous=("v2", "v1"))], to="v9", promoted=True)


def test_an_endpoint_that_the_release_created_goes_with_it() -> None:
    (plan,) = plan_stages("v1", [record(live=None, changing="v1", created_by="v1")], to=None, promoted=False)
    assert (plan.target, plan.delete) == (None, True)


def test_an_endpoint_that_the_failed_release_had_proven_first_goes_with_it() -> None:
    (plan,) = plan_stages("v1", [record("dev", live="v1")], to=None, promoted=False)
    assert (plan.target, plan.delete) == (None, True)


def test_an_endpoint_that_somebody_else_created_is_not_deleted() -> None:
    (plan,) = plan_stages("v1", [record(live=None, changing="v1")], to=None, promoted=False)
    assert (plan.target, plan.delete) == (None, False)


def test_the_only_release_there_ever_was_is_not_rolled_back_to_nothing() -> None:
    with pytest.raises(InvalidInputError, match="'prod' of service 'reranking' has no proven release before 'v1'"):
        plan_stages("v1", [record(live="v1")], to=None, promoted=True)


def test_a_stage_that_is_only_restored_goes_to_its_own_live_config() -> None:
    plans = plan_stages("v2", [record(live="v2"), record("qa", live="v2")], to=None, promoted=True, restore=("prod",))
    assert [(plan.stage, plan.target and plan.target.release_id, plan.delete) for plan in plans] == [
        ("prod", "v2", False)
    ]


def test_what_else_was_noted_with_a_proven_config_is_kept() -> None:
    noted = Proven.model_validate({"release_id": "v2", "config_name": "v2-live", "image": "repo@sha256:1"})
    (plan,) = plan_stages("v3", [record(changing="v3").model_copy(update={"live": noted})], to=None, promoted=False)
    assert json.loads(plan.model_dump_json())["target"]["image"] == "repo@sha256:1"


def test_the_release_asked_for_is_left() -> None:
    assert release_to_leave("v1", [record(live="v2")], "v3") == "v1"


def test_a_release_that_is_changing_prod_is_left_before_what_serves() -> None:
    assert release_to_leave(None, [record(live="v2", changing="v3")], "v3") == "v3"


def test_a_release_that_has_not_reached_prod_is_not_what_an_operator_means() -> None:
    assert release_to_leave(None, [record("dev", live="v3"), record(live="v2")], "v3") == "v2"


def test_before_prod_serves_anything_the_open_release_is_meant() -> None:
    assert release_to_leave(None, [record("dev", changing="v1", live=None)], "v1") == "v1"


def test_without_an_open_release_what_serves_in_prod_is_left() -> None:
    assert release_to_leave(None, [record("dev", live="v3"), record(live="v2")], None) == "v2"


def test_a_service_that_serves_nothing_cannot_be_rolled_back() -> None:
    with pytest.raises(InvalidInputError, match="no open release and serves none"):
        release_to_leave(None, [], None)


CHILD = json.dumps({"Status": "FAILED", "Error": "ReleaseSupersededError", "Cause": "v4 is newer"})


@pytest.mark.parametrize(
    ("error", "cause", "promoted", "requested_by", "outcome"),
    [
        ("CanaryRefusedError", "slower", False, "pressrun", "failed"),
        ("ReleaseAbortedError", "alice", False, "pressrun", "aborted"),
        ("ReleaseSupersededError", "v4", False, "pressrun", "superseded"),
        ("States.TaskFailed", CHILD, False, "pressrun", "superseded"),
        (None, None, True, "arn:aws:sts::1:assumed-role/operator/alice", "rolled_back"),
        (None, None, False, "arn:aws:sts::1:assumed-role/operator/alice", "rolled_back"),
        ("FuseTrippedError", "5xx", True, "pressrun", "rolled_back"),
    ],
)
def test_the_outcome_follows_from_the_first_cause(
    error: str | None, cause: str | None, promoted: bool, requested_by: str, outcome: str
) -> None:
    assert outcome_of(error, cause, promoted=promoted, requested_by=requested_by) == outcome
