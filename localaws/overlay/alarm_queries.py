"""What an alarm watches, in the form of GetMetricData."""

from typing import Any

from localaws.overlay import metric_data

Alarm = dict[str, Any]


def queries(alarm: Alarm) -> list[Alarm]:
    """Return an alarm's metrics in the form of GetMetricData."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {key: alarm.get(key) for key in ("Namespace", "MetricName", "Dimensions")}
    return [{"Id": "m1", "MetricStat": {"Metric": metric, "Period": period(alarm), "Stat": statistic(alarm)}}]


def returned(alarm: Alarm) -> str:
    """Return the id of the query an alarm watches."""
    return next(str(q["Id"]) for q in queries(alarm) if q.get("ReturnData", True))


def statistic(alarm: Alarm) -> str:
    """Return the one statistic of a plain alarm."""
    return str(alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average")


def period(alarm: Alarm) -> int:
    """Return an alarm's period."""
    return metric_data.period_of(alarm["Metrics"]) if alarm.get("Metrics") else int(alarm.get("Period") or 60)
