"""What an operator may ask for, and what the refusal says."""

import pytest

from pressrun.http import HttpError
from pressrun.recovery.attempts import Attempt
from pressrun.recovery.records import Proven, ReleaseRecord, StageRecord
from pressrun.recovery.request import RequestRollBack, name_for, release_meant

FREE = Attempt(running=None, free="v2-back")
PROMOTED = ReleaseRecord(release_id="v2", service="reranking", status="promoted")


def prod(*previous: str) -> list[StageRecord]:
    proven = [Proven(release_id=name, config_name=f"{name}-live") for name in ("v2", *previous)]
    return [
        StageRecord(
            service="reranking", stage="prod", endpoint_name="reranking", live=proven[0], previous=tuple(proven[1:])
        )
    ]


def asked(to: str | None = None) -> RequestRollBack:
    return RequestRollBack(to=to, reason="complaints from the desk")


def test_the_way_back_gets_the_next_free_name() -> None:
    assert name_for("v2", asked("v1"), prod("v1"), PROMOTED, FREE) == "v2-back"


def test_an_unknown_service_is_not_found() -> None:
    with pytest.raises(HttpError, match="'rerankin' has no endpoint in any stage") as refused:
        release_meant("rerankin", [], None)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("to", "records", "attempt", "message"),
    [
        ("v0", prod("v1"), FREE, "from 'v2' to 'v0', expected one of its proven releases: 'v1'"),
        ("v2", prod("v1"), FREE, "from 'v2' to 'v2'"),
        (None, prod(), FREE, "has no proven release before 'v2'"),
        (None, prod("v1"), Attempt(running="v2-back", free=None), "being rolled back already, by execution 'v2-back'"),
        (None, prod("v1"), Attempt(running=None, free=None), "too often, see runbook RollBackFailed"),
        (None, [], FREE, "is on no endpoint of its service"),
    ],
)
def test_what_cannot_be_done_is_a_conflict_that_says_why(
    to: str | None, records: list[StageRecord], attempt: Attempt, message: str
) -> None:
    with pytest.raises(HttpError) as refused:
        name_for("v2", asked(to), records, PROMOTED, attempt)
    assert refused.value.status == 409
    assert message in str(refused.value)
