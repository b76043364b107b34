import json
from math import exp

import pytest

from pressrun.rollout.judge import decide
from tests.unit.rollout.polls import QUANTILES, Json, Rollout, poll, side

SHORT = {"bake_seconds": 30, "watch_seconds": 30, "warmup_seconds": 10, "actuation_seconds": 2, "lag_seconds": 3}


def predictions(rollout: Rollout, sport: float, weights: float | None = None) -> Json:
    """Poll with stable predicting sport for 30 % of a thousand requests, and the canary for another share."""
    rollout.number += 1
    share = rollout.decision["share"] if weights is None else weights
    n = round(1000 * share)
    k = round(sport * n)
    control = side(1000 - n, classes={"sport": 300 * (1000 - n) // 1000, "arts": 700 * (1000 - n) // 1000})
    canary = side(n, classes={"sport": k, "arts": n - k})
    first: Json = {"config": {**SHORT, "labels": ["sport"]}} if rollout.number == 1 else {}
    more: Json = {"weights": share, **first}
    rollout.state, rollout.decision = decide(rollout.state, poll(rollout.number, control, canary, **more))
    return rollout.decision


def test_a_sound_canary_is_raised_watched_and_promoted_once() -> None:
    rollout = Rollout(**SHORT)
    shares = [rollout.poll()["share"]]
    while rollout.decision["verdict"] == "continue":
        shares.append(rollout.poll()["share"])
    assert rollout.decision["verdict"] == "promote"
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert 0.5 in shares
    assert shares.count(0.9) == 3
    assert rollout.poll()["verdict"] == "continue"
    assert rollout.decision["share"] == 1.0


def test_the_first_poll_names_no_thresholds_and_the_next_one_does() -> None:
    rollout = Rollout()
    assert rollout.poll(n=40)["thresholds"] == {"control": [], "canary": []}
    found = rollout.poll(n=40)["thresholds"]
    assert found["control"] == pytest.approx([80, 182, 256])
    assert found["canary"] == pytest.approx([89.6, 203.84, 286.72, 245.7])


def test_three_errors_of_five_are_enough_in_the_first_poll() -> None:
    state, decision = decide(None, poll(1, side(95), side(5, 3)))
    assert state["ln_e"] == pytest.approx(5.8675, abs=1e-4)
    assert decision["verdict"] == "roll_back"
    assert decision["share"] == 0
    assert "errors: 3 of 5 (60 %) answers of the canary, 0 of 95 (0 %) of stable" in decision["reason"]


def test_a_refusal_stands_whatever_comes_after() -> None:
    rollout = Rollout()
    rollout.poll()
    refused = rollout.until("roll_back", errors=0.5)
    assert [rollout.poll() for _ in range(3)] == [refused] * 3


@pytest.mark.parametrize(
    ("above", "quantile"),
    [((0.8, 0.12, 0.01, 0.08), "p50"), ((0.5, 0.3, 0.01, 0.2), "p90"), ((0.5, 0.1, 0.09, 0.09), "p99")],
)
def test_a_slow_canary_is_refused_for_the_quantile_that_shows_it(above: tuple[float, ...], quantile: str) -> None:
    rollout = Rollout(**SHORT)
    decision = rollout.until("roll_back", above=above, most=200)
    assert decision["reason"].startswith(f"latency, {quantile}: ")


def test_one_slow_poll_decides_nothing() -> None:
    rollout = Rollout(**SHORT)
    for _ in range(8):
        rollout.poll()
    assert rollout.poll(above=(1.0, 1.0, 1.0, 1.0))["verdict"] == "continue"


def test_latency_is_not_judged_while_the_canary_warms_up() -> None:
    rollout = Rollout(warmup_seconds=500)
    decisions = [rollout.poll(above=(1.0, 1.0, 1.0, 1.0)) for _ in range(50)]
    assert {decision["verdict"] for decision in decisions} == {"continue"}
    assert rollout.until("roll_back", above=(1.0, 1.0, 1.0, 1.0), most=6)["reason"].startswith("latency")


def test_errors_are_judged_while_the_canary_warms_up() -> None:
    rollout = Rollout(warmup_seconds=500)
    rollout.poll()
    assert rollout.until("roll_back", errors=0.5, most=3)


def test_a_shifted_prediction_is_refused_by_its_label() -> None:
    rollout = Rollout()
    for _ in range(200):
        if predictions(rollout, sport=0.5)["verdict"] != "continue":
            break
    assert rollout.decision["verdict"] == "roll_back"
    assert rollout.decision["reason"].startswith("predictions: ")
    assert "'sport'" in rollout.decision["reason"]


def test_the_label_set_is_the_first_polls_and_stays() -> None:
    classes = {"sport": 5, "arts": 3}
    state, _ = decide(None, poll(1, side(8, classes=classes), side(0), weights=0))
    assert state["config"]["labels"] == ["sport", "arts", "other"]
    state, _ = decide(state, poll(2, side(8, classes={"weather": 8}), side(0), weights=0))
    assert state["config"]["labels"] == ["sport", "arts", "other"]


def test_a_poll_in_which_the_weights_changed_is_judged_by_no_test() -> None:
    rollout = Rollout()
    rollout.poll()
    before = json.loads(json.dumps(rollout.state))
    rollout.poll(errors=0.5, weights=None)
    assert rollout.state is not None
    assert rollout.decision["verdict"] == "continue"
    for kept in ("errors", "latency", "not_slower", "classes", "ln_e"):
        assert rollout.state[kept] == before[kept]
    assert rollout.state["canary"]["n"] > before["canary"]["n"]
    assert rollout.state["control"]["n"] > before["control"]["n"]


def test_a_poll_with_one_side_silent_adds_no_evidence() -> None:
    state, _ = decide(None, poll(1, side(100), side(5, 1)))
    after, decision = decide(state, poll(2, side(0), side(5, 5)))
    assert after["errors"] == state["errors"]
    assert decision["verdict"] == "continue"


def test_an_incident_holds_share_and_clocks_but_not_the_tests() -> None:
    rollout = Rollout(**SHORT)
    for _ in range(12):
        rollout.poll()
    before = json.loads(json.dumps(rollout.state))
    decision = rollout.poll(errors=0.3, stable_errors=0.3)
    assert rollout.state is not None
    assert decision["verdict"] == "continue"
    assert decision["share"] == before["share"]
    assert "incident" in decision["reason"]
    assert "incident time" in decision["missing"]
    for held in ("canary", "control", "baked", "watched", "bound"):
        assert rollout.state[held] == before[held]
    assert rollout.state["errors"]["polls"] == before["errors"]["polls"] + 1


def test_no_promotion_in_the_middle_of_an_incident() -> None:
    rollout = Rollout(**SHORT)
    while rollout.decision["share"] < 0.9:
        rollout.poll()
    verdicts = [rollout.poll(errors=0.3, stable_errors=0.3)["verdict"] for _ in range(20)]
    assert set(verdicts) == {"continue"}
    assert rollout.until("promote", most=5)


def test_no_traffic_ends_inconclusive_and_then_goes_back() -> None:
    rollout = Rollout(deadline_seconds=600)
    decisions = [rollout.poll(n=0) for _ in range(120)]
    verdicts = [decision["verdict"] for decision in decisions]
    assert verdicts == ["continue"] * 59 + ["inconclusive"] * 60 + ["roll_back"]
    assert "no traffic" in decisions[59]["missing"]
    assert "no answer" in decisions[-1]["reason"]
    assert all(decision["share"] <= 0.002 for decision in decisions)


def test_a_canary_nobody_reaches_is_never_promoted() -> None:
    rollout = Rollout(deadline_seconds=300, **SHORT)
    rollout.poll()
    for _ in range(100):
        rollout.number += 1
        control = side(1000, quantiles=QUANTILES)
        rollout.state, rollout.decision = decide(rollout.state, poll(rollout.number, control, side(0), weights=0.5))
        assert rollout.decision["verdict"] != "promote"


def test_at_the_deadline_the_operator_is_asked_at_the_weights_in_force() -> None:
    rollout = Rollout(deadline_seconds=300, err_margin=0)
    asked = rollout.until("inconclusive", stable_errors=0.002, errors=0.002)
    share = asked["share"]
    assert rollout.number == 30
    assert (
        "too few answers" in asked["missing"] or "latency not shown" in asked["missing"] or "bake" in asked["missing"]
    )
    assert [rollout.poll(stable_errors=0.002, errors=0.002)["share"] for _ in range(29)] == [share] * 29
    assert rollout.poll()["verdict"] == "roll_back"


def test_the_tests_go_on_while_the_operator_is_asked() -> None:
    rollout = Rollout(deadline_seconds=300)
    rollout.until("inconclusive")
    assert rollout.until("roll_back", errors=0.5, most=3)["reason"].startswith("errors")


def test_a_watch_that_began_before_the_deadline_may_end_after_it() -> None:
    rollout = Rollout(**{**SHORT, "watch_seconds": 600, "deadline_seconds": 300})
    assert rollout.until("promote", "inconclusive", "roll_back")["verdict"] == "promote"
    assert rollout.number > 30


def test_degenerate_latencies_are_inconclusive_not_refused() -> None:
    rollout = Rollout(**SHORT, deadline_seconds=900)
    for _ in range(90):
        rollout.number += 1
        thresholds = rollout.decision["thresholds"]
        share = rollout.decision["share"]
        n = round(1000 * share)
        sides = [
            side(size, above=[[ms, size if ms < 80 else 0] for ms in thresholds[name]])
            for name, size in (("control", 1000 - n), ("canary", n))
        ]
        sides[0]["quantiles"] = {"p50": 80, "p90": 80, "p99": 80}
        more: Json = {"weights": share} | ({"config": rollout.config} if rollout.number == 1 else {})
        rollout.state, rollout.decision = decide(rollout.state, poll(rollout.number, *sides, **more))
        assert rollout.decision["verdict"] != "roll_back"


def test_the_same_poll_again_changes_nothing_and_repeats_its_decision() -> None:
    rollout = Rollout(**SHORT)
    for _ in range(30):
        rollout.poll()
        assert decide(rollout.state, rollout.last) == (rollout.state, rollout.decision)
        repeated = {**rollout.last, "canary": side(100, 100), "t": 0.0}
        assert decide(rollout.state, repeated) == (rollout.state, rollout.decision)


def test_the_given_state_and_poll_are_left_as_they_are() -> None:
    rollout = Rollout(**SHORT)
    for _ in range(20):
        rollout.poll()
    state, again = json.dumps(rollout.state), {**rollout.last, "number": rollout.number + 1, "t": 1e4}
    given = json.dumps(again)
    after, decision = decide(rollout.state, again)
    decision["share_in_force"] = 0.1
    decision["thresholds"]["control"].clear()
    assert (json.dumps(rollout.state), json.dumps(again)) == (state, given)
    assert after["decision"]["thresholds"]["control"]
    assert "share_in_force" not in after["decision"]


def test_the_state_survives_json_to_the_last_bit() -> None:
    straight, stored = Rollout(**SHORT), Rollout(**SHORT)
    for _ in range(40):
        stored.state = json.loads(json.dumps(stored.state))
        assert straight.poll(errors=0.001) == stored.poll(errors=0.001)
    assert straight.state == stored.state


def test_the_state_stays_below_eight_kilobytes() -> None:
    labels = [f"{number:02}" + "é" * 10 for number in range(16)]
    rollout = Rollout(**SHORT, labels=labels)
    largest = 0
    for number in range(1, 200):
        n = 10**9
        classes = dict.fromkeys(labels, n // 17)
        thresholds = rollout.decision["thresholds"]
        control = side(n, 1000, [[ms, n // 3] for ms in thresholds["control"]], quantiles=QUANTILES, classes=classes)
        canary = side(n, 1000, [[ms, n // 3] for ms in thresholds["canary"]], classes=classes)
        more: Json = {"config": rollout.config} if number == 1 else {}
        rollout.state, rollout.decision = decide(rollout.state, poll(number, control, canary, weights=0.5, **more))
        largest = max(largest, len(json.dumps(rollout.state)))
    assert largest <= 8000


def test_what_is_missing_is_told_in_requests_and_time() -> None:
    rollout = Rollout()
    rollout.poll()
    rollout.poll()
    assert rollout.decision["missing"].startswith("about ")
    assert " more requests, " in rollout.decision["missing"]
    assert "at this traffic: " in rollout.decision["missing"]


def test_the_bound_and_the_share_of_a_clean_canary_follow_each_other() -> None:
    rollout = Rollout()
    for _ in range(20):
        rollout.poll()
        assert rollout.state is not None
        delay = 10 + 5 + 20
        assert rollout.decision["share"] * rollout.state["bound"] * 100 * delay <= 10 * 1.01 or rollout.number == 1


def test_evidence_never_counts_twice_what_a_repeat_brings() -> None:
    state, _ = decide(None, poll(1, side(95), side(5, 1)))
    again, _ = decide(state, poll(1, side(95), side(5, 1)))
    assert exp(again["ln_e"]) == exp(state["ln_e"])


def test_while_nobody_asks_the_share_in_force_is_held() -> None:
    _, decision = decide(None, poll(1, side(0), side(0), weights=0.3))
    assert decision["share"] == 0.3


def test_a_silent_canary_neither_bakes_nor_is_promoted() -> None:
    rollout = Rollout(**{**SHORT, "watch_seconds": 0})
    while rollout.decision["share"] < 0.5:
        rollout.poll()
    baked = (rollout.state or {})["baked"]
    rollout.poll(n=0)
    assert (rollout.state or {})["baked"] == baked
    while rollout.decision["share"] < 0.9:
        rollout.poll()
    assert rollout.poll(n=0)["verdict"] == "continue"
    assert rollout.poll(stable_errors=0.3, errors=0.3)["verdict"] == "continue"
    assert rollout.poll()["verdict"] == "promote"


def test_a_small_shift_of_predictions_is_tolerated() -> None:
    rollout = Rollout()
    assert {predictions(rollout, sport=0.41)["verdict"] for _ in range(300)} == {"continue"}


def test_predictions_under_two_shares_are_not_added_up() -> None:
    rollout = Rollout()
    for _ in range(4):
        predictions(rollout, sport=0.3, weights=0.1)
    assert (rollout.state or {})["tally"]["seconds"] == 30
    predictions(rollout, sport=0.3, weights=0.2)
    assert (rollout.state or {})["tally"]["seconds"] == 10
    assert sum((rollout.state or {})["tally"]["canary"]) == 200


def test_a_slow_median_is_seen_by_the_exact_form() -> None:
    rollout = Rollout(**SHORT)
    rollout.until("roll_back", above=(0.54, 0.1, 0.01, 0.1), most=40)
    assert rollout.decision["reason"].startswith("latency, p50")


def test_a_canary_as_slow_as_the_margin_is_not_shown_to_be_sound() -> None:
    rollout = Rollout(**SHORT, deadline_seconds=1200)
    decision = rollout.until("inconclusive", "promote", above=(0.41, 0.073, 0.006, 0.1))
    assert decision["verdict"] == "inconclusive"
    assert "latency not shown: p90 may be 35 % slower" in decision["missing"]


def test_little_is_kept_back_for_a_late_onset_of_not_being_slower() -> None:
    state, _ = decide(None, poll(1, side(10), side(0), weights=0))
    assert state["not_slower"]["unspent"] == pytest.approx(0.01)
    assert state["errors"]["unspent"] == pytest.approx(0.5)
