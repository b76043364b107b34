"""CloudWatch alarms: evaluated by the clock on their own metric, told to EventBridge when they change."""

import json
import logging
import threading
import time
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch as cw
from ministack.services.cloudformation import provisioners

from localaws.overlay import alarm_events, alarm_states, metric_data
from localaws.overlay.alarm_events import reason, stamp
from localaws.overlay.alarm_queries import Alarm, period, queries, returned, statistic
from localaws.overlay.alarm_states import Rule, Verdict
from localaws.overlay.cloudwatch_statistics import UnknownStatisticError
from localaws.overlay.metric_math import MetricMathError

TICK_SECONDS = 1.0
SLOWEST_SECONDS = 60

logger = logging.getLogger("localaws.alarms")
_put = cw._put_metric_alarm
_template_record = provisioners._cw_metric_alarm_record
_evaluated: dict[str, int] = {}
_stopped = threading.Event()
_lag = [0.0]


def install() -> None:
    """Replace the evaluation of alarms."""
    cw._evaluate_alarm = evaluate
    cw._evaluate_all_alarms = lambda: None
    cw._put_metric_alarm = put_metric_alarm
    cw._dispatch_alarm_actions = alarm_events.dispatch
    provisioners._cw_metric_alarm_record = template_record


def start_clock(metric_lag_seconds: float) -> None:
    """Evaluate all alarms from now on, each so long after its periods end as metrics may be late."""
    _lag[0] = metric_lag_seconds
    threading.Thread(target=_tick_for_ever, name="alarms", daemon=True).start()


def shutdown() -> None:
    """Stop the clock."""
    _stopped.set()


def evaluate(alarm: Alarm) -> None:
    """Bring a metric alarm into the state its metric calls for."""
    if not alarm.get("MetricName") and not alarm.get("Metrics"):
        return
    rule = _rule(alarm)
    verdict = alarm_states.judge(rule, _points(alarm, rule), alarm["StateValue"])
    if verdict.state != alarm["StateValue"]:
        _transition(alarm, rule, verdict)


def put_metric_alarm(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> metric_data.Response:
    """Create or change an alarm; what it could never evaluate is refused."""
    if not (is_cbor or is_json):
        if any(name.startswith("Metrics.") for name in params):
            return metric_data.refused("Metrics are emulated in the JSON and CBOR protocols only.", is_cbor, is_json)
        return _put(params, data, is_cbor, is_json)  # type: ignore[no-any-return]
    try:
        _check(data)
    except (UnknownStatisticError, MetricMathError, KeyError) as error:
        return metric_data.refused(str(error), is_cbor, is_json)
    response: metric_data.Response = _put(params, data, is_cbor, is_json)
    if response[0] == 200 and data.get("Metrics"):
        evaluate(_make_math(cw._alarms[data["AlarmName"]], data["Metrics"]))
    return response


def template_record(name: str, properties: Alarm) -> Alarm:
    """Return the alarm a template describes, with metric math."""
    try:
        _check(properties)
    except (UnknownStatisticError, MetricMathError, KeyError) as error:
        raise ValueError(f"AWS::CloudWatch::Alarm {name}: {error}") from error
    if not properties.get("Metrics"):
        return _template_record(name, properties)  # type: ignore[no-any-return]
    plain = {**properties, "Metrics": None, "MetricName": "math", "Namespace": "math"}
    return _make_math(_template_record(name, plain), _typed(properties["Metrics"]))


def _tick_for_ever() -> None:
    """Evaluate every alarm when its time has come."""
    while not _stopped.wait(TICK_SECONDS):
        for (account, region, _), alarm in list(cw._alarms._data.items()):
            interval = min(period(alarm), SLOWEST_SECONDS)
            turn = int((time.time() - _lag[0]) // interval)
            if _evaluated.get(alarm["AlarmArn"]) == turn:
                continue
            _evaluated[alarm["AlarmArn"]] = turn
            try:
                with request_scope(account, region):
                    evaluate(alarm)
            except Exception:
                logger.exception("%s was not evaluated", alarm["AlarmArn"])


def _check(data: Alarm) -> None:
    """Raise what is wrong with an alarm's metric, comparison and treatment of missing data."""
    if data.get("Metrics"):
        metric_data.check(data["Metrics"])
        if sum(bool(q.get("ReturnData", True)) for q in data["Metrics"]) != 1:
            raise MetricMathError("Exactly one element of the metrics list should return data.")
    else:
        metric_data.check([{"Id": "m1", "MetricStat": {"Stat": statistic(data)}}])
    if data["ComparisonOperator"] not in alarm_states.COMPARISONS:
        raise MetricMathError(f"The comparison {data['ComparisonOperator']} is not emulated.")
    if data.get("TreatMissingData", "missing") not in ("missing", "ignore", "breaching", "notBreaching"):
        raise MetricMathError(f"TreatMissingData may not be {data['TreatMissingData']}.")


def _make_math(alarm: Alarm, queries: list[Alarm]) -> Alarm:
    """Turn an alarm's record into one over expressions."""
    for field in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
        alarm.pop(field, None)
    alarm["Metrics"] = queries
    return alarm


def _typed(queries: list[Alarm]) -> list[Alarm]:
    """Give a template's texts the types of the API."""
    return [{**q, "ReturnData": str(q.get("ReturnData", True)).lower() == "true"} for q in queries]


def _rule(alarm: Alarm) -> Rule:
    """Return what an alarm compares."""
    return Rule(
        comparison=alarm["ComparisonOperator"],
        threshold=float(alarm["Threshold"]),
        evaluation_periods=int(alarm["EvaluationPeriods"]),
        datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]),
        treat_missing=alarm.get("TreatMissingData") or "missing",
    )


def _points(alarm: Alarm, rule: Rule) -> list[tuple[int, float | None]]:
    """Return the complete periods of the evaluation range, oldest first."""
    step = period(alarm)
    end = int((time.time() - _lag[0]) // step) * step
    start = end - step * (rule.evaluation_periods + alarm_states.EXTRA_PERIODS)
    found = metric_data.evaluate(queries(alarm), start, end)[returned(alarm)]
    return [(moment, found.get(moment)) for moment in range(start, end, step)]


def _transition(alarm: Alarm, rule: Rule, verdict: Verdict) -> None:
    """Move an alarm to another state and tell everybody."""
    old, why = alarm["StateValue"], reason(rule, verdict)
    data = {
        "version": "1.0",
        "queryDate": stamp(),
        **({} if alarm.get("Metrics") else {"statistic": statistic(alarm)}),
        "period": period(alarm),
        "recentDatapoints": [value for _, value in verdict.decided_by],
        "threshold": rule.threshold,
    }
    alarm.update(
        StateValue=verdict.state,
        StateReason=why,
        StateReasonData=json.dumps(data, separators=(",", ":")),
        StateUpdatedTimestamp=int(time.time()),
    )
    cw._record_history(alarm["AlarmName"], old, verdict.state, why)
    cw._dispatch_alarm_actions(alarm, old, verdict.state, why)
    cw._evaluate_parent_alarms(alarm)
