"""CloudWatch alarms: evaluated by the clock on their own metric, told to EventBridge when they change."""

import json
import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from localaws.overlay import alarm_states, metric_data
from localaws.overlay.alarm_states import Rule, Verdict
from localaws.overlay.cloudwatch_statistics import UnknownStatisticError
from localaws.overlay.events import emit
from localaws.overlay.metric_math import MetricMathError

TICK_SECONDS = 1.0
SLOWEST_SECONDS = 60
Alarm = dict[str, Any]

logger = logging.getLogger("localaws.alarms")
_put = cw._put_metric_alarm
_dispatch = cw._dispatch_alarm_actions
_template_record = provisioners._cw_metric_alarm_record
_told: dict[str, dict[str, Any]] = {}
_evaluated: dict[str, int] = {}
_stopped = threading.Event()
_lag = [0.0]


def install() -> None:
    """Replace the evaluation of alarms."""
    cw._evaluate_alarm = evaluate
    cw._evaluate_all_alarms = lambda: None
    cw._put_metric_alarm = put_metric_alarm
    cw._dispatch_alarm_actions = dispatch
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


def dispatch(alarm: Alarm, old: str, new: str, reason: str) -> None:
    """Tell EventBridge of a change, then run the alarm's actions: SNS topics and functions."""
    arn = alarm["AlarmArn"]
    before = _told.get(arn) or _state(old, "Unchecked: Initial alarm creation", None)
    after = _state(new, reason, alarm.get("StateReasonData"))
    _told[arn] = after
    detail = {"alarmName": alarm["AlarmName"], "configuration": _configuration(alarm)}
    account = arn.split(":")[4]
    emit(account, "aws.cloudwatch", "CloudWatch Alarm State Change",
         {**detail, "previousState": before, "state": after}, [arn])  # fmt: skip
    _dispatch(alarm, old, new, reason)
    if alarm.get("ActionsEnabled", True):
        field = {"ALARM": "AlarmActions", "OK": "OKActions"}.get(new, "InsufficientDataActions")
        for action in alarm.get(field) or []:
            if ":lambda:" in action:
                _invoke_action(action, {**detail, "state": after, "previousState": before}, arn)


def _invoke_action(action: str, data: dict[str, Any], arn: str) -> None:
    """Invoke a function as an alarm's action."""
    func, config, name = lambda_svc._get_func_record_for_ref(action)
    if not func:
        logger.error("alarm action: the function %s does not exist", name)
        return
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": arn,
        "accountId": arn.split(":")[4],
        "time": _stamp(),
        "region": arn.split(":")[3],
        "alarmData": data,
    }
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), event)


def _tick_for_ever() -> None:
    """Evaluate every alarm when its time has come."""
    while not _stopped.wait(TICK_SECONDS):
        for (account, region, _), alarm in list(cw._alarms._data.items()):
            interval = min(_period(alarm), SLOWEST_SECONDS)
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
        metric_data.check([{"Id": "m1", "MetricStat": {"Stat": _statistic(data)}}])
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


def _statistic(alarm: Alarm) -> str:
    """Return the one statistic of a plain alarm."""
    return str(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average")


def _period(alarm: Alarm) -> int:
    """Return an alarm's period."""
    return metric_data.period_of(alarm["Metrics"]) if alarm.get("Metrics") else int(alarm.get("Period") or 60)


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
    period = _period(alarm)
    end = int((time.time() - _lag[0]) // period) * period
    start = end - period * (rule.evaluation_periods + alarm_states.EXTRA_PERIODS)
    found = metric_data.evaluate(_queries(alarm), start, end)[_returned(alarm)]
    return [(moment, found.get(moment)) for moment in range(start, end, period)]


def _queries(alarm: Alarm) -> list[Alarm]:
    """Return an alarm's metrics in the form of GetMetricData."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": _period(alarm), "Stat": _statistic(alarm)}}]


def _returned(alarm: Alarm) -> str:
    """Return the id of the query an alarm watches."""
    return next(str(q["Id"]) for q in _queries(alarm) if q.get("ReturnData", True))


def _transition(alarm: Alarm, rule: Rule, verdict: Verdict) -> None:
    """Move an alarm to another state and tell everybody."""
    old, reason = alarm["StateValue"], _reason(rule, verdict)
    data = {
        "version": "1.0",
        "queryDate": _stamp(),
        **({} if alarm.get("Metrics") else {"statistic": _statistic(alarm)}),
        "period": _period(alarm),
        "recentDatapoints": [value for _, value in verdict.decided_by],
        "threshold": rule.threshold,
    }
    alarm.update(
        StateValue=verdict.state,
        StateReason=reason,
        StateReasonData=json.dumps(data, separators=(",", ":")),
        StateUpdatedTimestamp=int(time.time()),
    )
    cw._record_history(alarm["AlarmName"], old, verdict.state, reason)
    cw._dispatch_alarm_actions(alarm, old, verdict.state, reason)
    cw._evaluate_parent_alarms(alarm)


def _reason(rule: Rule, verdict: Verdict) -> str:
    """Say why an alarm is in its state, as CloudWatch does."""
    if verdict.state == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_plural(verdict.filled, 'datapoint')} {_were(verdict.filled)} unknown."
    values = ", ".join(f"{value} ({_moment(moment)})" for moment, value in verdict.decided_by)
    count = len(verdict.decided_by)
    negation = "" if verdict.state == "ALARM" else "not "
    words = alarm_states.COMPARISONS[rule.comparison][1]
    if not count:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(rule.treat_missing, "Missing")
        periods, filled = _plural(verdict.filled, "period"), _plural(verdict.filled, "missing datapoint")
        return (
            f"Threshold Crossed: no datapoints were received for {periods} and {filled} {_were(verdict.filled)} "
            f"treated as [{treated}]."
        )
    return (
        f"Threshold Crossed: {_plural(count, 'datapoint')} [{values}] {_were(count)} {negation}{words} "
        f"the threshold ({rule.threshold})."
    )


def _configuration(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm's configuration as its event carries it."""
    if alarm.get("AlarmRule"):
        return {"alarmRule": alarm["AlarmRule"]}
    metrics = [_metric(query, index) for index, query in enumerate(_queries(alarm), 1)]
    description = alarm.get("AlarmDescription")
    return {**({"description": description} if description else {}), "metrics": metrics}


def _metric(query: Alarm, index: int) -> dict[str, Any]:
    """Return one metric or expression of an alarm as its event carries it."""
    returned = bool(query.get("ReturnData", True))
    if query.get("Expression"):
        named = {"id": query["Id"], "expression": query["Expression"], "label": query.get("Label", query["Id"])}
        return {**named, "returnData": returned}
    stat = query["MetricStat"]
    metric = {
        "namespace": stat["Metric"].get("Namespace"),
        "name": stat["Metric"]["MetricName"],
        "dimensions": cw._dims_from_list(stat["Metric"].get("Dimensions") or []),
    }
    described = {"metric": metric, "period": int(stat["Period"]), "stat": stat["Stat"]}
    return {"id": query.get("Id", f"m{index}"), "metricStat": described, "returnData": returned}


def _state(value: str, reason: str, data: Any) -> dict[str, Any]:
    """Return a state as an event carries it."""
    return {"value": value, "reason": reason, **({"reasonData": data} if data else {}), "timestamp": _stamp()}


def _stamp() -> str:
    """Return the time as alarm events spell it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def _moment(epoch: int) -> str:
    """Return a period's start as alarm reasons spell it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%d/%m/%y %H:%M:%S")


def _plural(count: int, word: str) -> str:
    """Return a count with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _were(count: int) -> str:
    """Return the verb that goes with a count."""
    return "was" if count == 1 else "were"
