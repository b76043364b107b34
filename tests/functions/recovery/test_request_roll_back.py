"""An operator's request, as API Gateway hands it over."""

import json
from typing import Any

import pytest

from functions.recovery import request_roll_back
from tests.functions.conftest import LambdaContext
from tests.functions.recovery.conftest import OLDER, STABLE, Newsroom

ALICE = "arn:aws:sts::111111111111:assumed-role/pressrun-operator/alice"


def ask(context: LambdaContext, body: Any, caller: str = ALICE) -> tuple[int, dict[str, Any]]:
    event = {
        "version": "2.0",
        "routeKey": "POST /services/{service}/roll-back",
        "pathParameters": {"service": "text-embedding"},
        "requestContext": {"authorizer": {"iam": {"userArn": caller}}},
        "body": body if isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = request_roll_back.handler(event, context)
    return answer["statusCode"], json.loads(answer["body"])


@pytest.fixture
def promoted(newsroom: Newsroom) -> Newsroom:
    newsroom.endpoint()
    newsroom.release("promoted", release_id=STABLE["release_id"])
    return newsroom


def test_the_way_back_is_started_in_the_callers_name(promoted: Newsroom, context: LambdaContext) -> None:
    status, body = ask(context, {"to": OLDER["release_id"], "reason": "complaints"})
    ((name, given),) = promoted.roll_backs()
    assert (status, name) == (202, f"{STABLE['release_id']}-back")
    assert body["execution_arn"].endswith(name)
    assert (given["requested_by"], given["reason"], given["to"]) == (ALICE, "complaints", OLDER["release_id"])


@pytest.mark.parametrize(
    ("body", "caller", "status", "message"),
    [
        ({"reason": "x"}, "arn:aws:iam::111111111111:root", 403, "is an account's root"),
        ({"reason": "x"}, "", 403, "no verified identity"),
        ({}, ALICE, 400, "reason: Field required"),
        ({"reason": ""}, ALICE, 400, "reason: String should have at least 1 character"),
        ({"reason": "x", "force": True}, ALICE, 400, "force: Extra inputs"),
        ("{", ALICE, 400, "not JSON"),
        ({"reason": "x", "to": "text-embedding-9-0123abcd-1"}, ALICE, 409, "expected one of its proven releases"),
    ],
)
def test_a_refusal_says_why(
    body: Any, caller: str, status: int, message: str, promoted: Newsroom, context: LambdaContext
) -> None:
    found, answer = ask(context, body, caller)
    assert found == status
    assert message in answer["message"]
    assert promoted.roll_backs() == []


@pytest.mark.usefixtures("newsroom")
def test_a_service_without_endpoints_is_not_found(context: LambdaContext) -> None:
    assert ask(context, {"reason": "x"})[0] == 404


def test_a_second_request_meets_the_first(promoted: Newsroom, context: LambdaContext) -> None:
    ask(context, {"reason": "x"})
    status, answer = ask(context, {"reason": "y"})
    assert status == 409
    assert "being rolled back already" in answer["message"]
    assert len(promoted.roll_backs()) == 1
