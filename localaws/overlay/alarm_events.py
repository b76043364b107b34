"""How a change of an alarm's state is told: to EventBridge, to topics, to functions, and in words."""

import logging
from datetime import UTC, datetime
from typing import Any

from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc

from localaws.overlay import alarm_states
from localaws.overlay.alarm_queries import Alarm, queries
from localaws.overlay.alarm_states import Rule, Verdict
from localaws.overlay.events import emit

logger = logging.getLogger("localaws.alarms")
_dispatch = cw._dispatch_alarm_actions
_told: dict[str, dict[str, Any]] = {}


def dispatch(alarm: Alarm, old: str, new: str, told: str) -> None:
    """Tell EventBridge of a change, then run the alarm's actions: SNS topics and functions."""
    arn = alarm["AlarmArn"]
    before = _told.get(arn) or _state(old, "Unchecked: Initial alarm creation", None)
    after = _state(new, told, alarm.get("StateReasonData"))
    _told[arn] = after
    detail = {"alarmName": alarm["AlarmName"], "configuration": _configuration(alarm)}
    account = arn.split(":")[4]
    emit(account, "aws.cloudwatch", "CloudWatch Alarm State Change",
         {**detail, "previousState": before, "state": after}, [arn])  # fmt: skip
    _dispatch(alarm, old, new, told)
    if alarm.get("ActionsEnabled", True):
        field = {"ALARM": "AlarmActions", "OK": "OKActions"}.get(new, "InsufficientDataActions")
        for action in alarm.get(field) or []:
            if ":lambda:" in action:
                _invoke_action(action, {**detail, "state": after, "previousState": before}, arn)


def reason(rule: Rule, verdict: Verdict) -> str:
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


def stamp() -> str:
    """Return the time as alarm events spell it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


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
        "time": stamp(),
        "region": arn.split(":")[3],
        "alarmData": data,
    }
    called = lambda_svc._execution_record_for_config(func, {**config, "FunctionArn": action})
    lambda_svc.invoke_async_with_retry(called, event)


def _configuration(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm's configuration as its event carries it."""
    if alarm.get("AlarmRule"):
        return {"alarmRule": alarm["AlarmRule"]}
    metrics = [_metric(query, index) for index, query in enumerate(queries(alarm), 1)]
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


def _state(value: str, told: str, data: Any) -> dict[str, Any]:
    """Return a state as an event carries it."""
    return {"value": value, "reason": told, **({"reasonData": data} if data else {}), "timestamp": stamp()}


def _moment(epoch: int) -> str:
    """Return a period's start as alarm reasons spell it."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%d/%m/%y %H:%M:%S")


def _plural(count: int, word: str) -> str:
    """Return a count with its noun."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def _were(count: int) -> str:
    """Return the verb that goes with a count."""
    return "was" if count == 1 else "were"
