import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import pressrun.rollout.judge
from pressrun.rollout.configuration import Configuration
from pressrun.rollout.judge import decide
from tests.unit.rollout.polls import Rollout, poll, side

HERE = Path(pressrun.rollout.judge.__file__).parent


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"judge_{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return found


def check(name: str, value: Any) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(json.loads(json.dumps(value)))


def test_what_goes_in_and_out_of_a_rollout_fits_its_schemas() -> None:
    rollout = Rollout(bake_seconds=30, watch_seconds=30, warmup_seconds=10, labels=["sport"])
    while rollout.decision.get("verdict", "continue") == "continue":
        rollout.poll()
        check("poll", rollout.last)
        check("state", rollout.state)
        check("decision", rollout.decision)
    assert rollout.decision["verdict"] == "promote"


@pytest.mark.parametrize("verdict", ["roll_back", "inconclusive"])
def test_the_other_ends_fit_their_schemas(verdict: str) -> None:
    rollout = Rollout(deadline_seconds=50)
    rollout.until(verdict, errors=0.5 if verdict == "roll_back" else 0)
    check("state", rollout.state)
    check("decision", rollout.decision)


def test_the_schema_states_the_defaults() -> None:
    properties = schema("poll")["$defs"]["config"]["properties"]
    assert {key: value["default"] for key, value in properties.items()} == Configuration().as_json()


@pytest.mark.parametrize("key", ["alpha", "budget", "deadline_seconds", "share_step", "tol"])
@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_schema_and_judge_agree_on_bounds(key: str, bound: str) -> None:
    limit = schema("poll")["$defs"]["config"]["properties"][key][bound]
    beyond = limit - 1 if bound == "minimum" else limit + 1
    decide(None, poll(1, side(1), side(0), config={key: limit}))
    with pytest.raises(ValueError, match=f"config.{key}"):
        decide(None, poll(1, side(1), side(0), config={key: beyond}))


def test_an_unknown_key_fits_neither_schema_nor_judge() -> None:
    strange = poll(1, side(1), side(0), surprise=1)
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        check("poll", strange)
    with pytest.raises(ValueError, match=r"poll.surprise"):
        decide(None, strange)
