"""Reading CloudWatch: series of one metric by its exact dimensions, and of expressions over them."""

import math
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudwatch as cw

from localaws.overlay import cloudwatch_statistics as statistics
from localaws.overlay.metric_math import Expression, MetricMathError
from localaws.overlay.metric_points import Points
from localaws.overlay.metric_values import Series

Query = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]

_put = cw._put_metric_data
_data = cw._get_metric_data
_statistics = cw._get_metric_statistics


def install() -> None:
    """Replace the reading side of ministack's metric store."""
    cw._put_metric_data = put_metric_data
    cw._get_metric_data = get_metric_data
    cw._get_metric_statistics = get_metric_statistics
    cw._stat_value = statistic_of
    cw._is_percentile_stat = is_extended


def series(metric_stat: Query, start: float, end: float) -> Series:
    """Return a metric's statistic per period, by the period's start; periods without a value are left out."""
    metric, period = metric_stat["Metric"], int(metric_stat["Period"])
    first = math.floor(start / period) * period
    periods: dict[int, list[statistics.Point]] = {}
    dimensions = cw._dims_key(cw._dims_from_list(metric.get("Dimensions") or []))
    held = cw._metrics.get((metric.get("Namespace", ""), metric["MetricName"], dimensions)) or Points()
    for point in held.between(first, end):
        periods.setdefault(int(point["Timestamp"] // period) * period, []).append(point)
    found = {moment: statistics.of_points(values, metric_stat["Stat"]) for moment, values in sorted(periods.items())}
    return {moment: value for moment, value in found.items() if value is not None}


def evaluate(queries: list[Query], start: float, end: float) -> dict[str, Any]:
    """Return the value of every query by its id; expressions may use each other."""
    found: dict[str, Any] = {q["Id"]: series(q["MetricStat"], start, end) for q in queries if q.get("MetricStat")}
    period = period_of(queries)
    first = math.floor(start / period) * period
    timestamps = list(range(first, math.ceil(end), period))
    pending = {q["Id"]: Expression(q["Expression"]) for q in queries if q.get("Expression")}
    metrics = list(found)
    while pending:
        ready = [name for name, e in pending.items() if not (e.names() - {""}) & pending.keys()]
        if not ready:
            raise MetricMathError(f"The expressions {sorted(pending)} use each other.")
        for name in ready:
            expression = pending.pop(name)
            found[name] = expression.evaluate(found, timestamps, metrics)
    return found


def period_of(queries: list[Query]) -> int:
    """Return the period of a set of queries: the longest of their metrics'."""
    return max([int(q["MetricStat"]["Period"]) for q in queries if q.get("MetricStat")] or [60])


def check(queries: list[Query]) -> None:
    """Raise what is wrong with queries before anything is computed."""
    ids = {q["Id"] for q in queries}
    for query in queries:
        if query.get("MetricStat"):
            statistics.parse(query["MetricStat"]["Stat"])
        elif query.get("Expression"):
            unknown = Expression(query["Expression"]).names() - ids - {""}
            if unknown:
                raise MetricMathError(f"Error in expression {query['Id']!r}: undefined ids {sorted(unknown)}")
        else:
            raise MetricMathError(f"The query {query['Id']} has neither MetricStat nor Expression.")


def get_metric_data(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
    """Answer GetMetricData, newest first unless asked otherwise."""
    if not (is_cbor or is_json):
        if any(".Expression" in name for name in params):
            return refused("Expressions are emulated in the JSON and CBOR protocols only.", is_cbor, is_json)
        return _data(params, data, is_cbor, is_json)  # type: ignore[no-any-return]
    queries = data.get("MetricDataQueries", [])
    try:
        check(queries)
        values = evaluate(queries, cw._parse_ts(data["StartTime"]), cw._parse_ts(data["EndTime"]))
    except (statistics.UnknownStatisticError, MetricMathError) as error:
        return refused(str(error), is_cbor, is_json)
    oldest_first = data.get("ScanBy") == "TimestampAscending"
    results = [
        result
        for query in queries
        if query.get("ReturnData", True)
        for result in _results(query, values[query["Id"]], oldest_first=oldest_first)
    ]
    if is_cbor:
        return cw._cbor_ok({"MetricDataResults": [cw._cbor_metric_data_result(r) for r in results]})  # type: ignore[no-any-return]
    return cw._json_ok({"MetricDataResults": results})  # type: ignore[no-any-return]


def get_metric_statistics(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
    """Answer GetMetricStatistics; an unknown statistic is refused."""
    try:
        for name in [*data.get("Statistics", []), *data.get("ExtendedStatistics", [])]:
            statistics.parse(name)
    except statistics.UnknownStatisticError as error:
        return refused(str(error), is_cbor, is_json)
    return _statistics(params, data, is_cbor, is_json)  # type: ignore[no-any-return]


def put_metric_data(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Response:
    """Store metrics; namespaces of AWS are AWS's, which is the account's root here."""
    namespace = data.get("Namespace") or cw._p(params, "Namespace")
    if namespace.startswith("AWS/") and not iam_evaluator.caller_arn().endswith(":root"):
        message = f"The value {namespace} for parameter Namespace is invalid."
        return cw._error("InvalidParameterValue", message, 400, use_json=is_json, use_cbor=is_cbor)  # type: ignore[no-any-return]
    return _put(params, data, is_cbor, is_json)  # type: ignore[no-any-return]


def statistic_of(stats: dict[str, float], name: str, held: list[statistics.Point] | None = None) -> float | None:
    """Return a statistic of one period's points, in the form ministack asks for it."""
    return statistics.of_points(held or [], name)


def is_extended(name: str) -> bool:
    """Tell whether a statistic needs the values themselves."""
    try:
        return statistics.parse(name)[0] in ("p", "TM", "TC", "TS", "WM", "PR")
    except statistics.UnknownStatisticError:
        return False


def refused(message: str, is_cbor: bool, is_json: bool) -> Response:
    """Answer with a ValidationError."""
    return cw._error("ValidationError", message, 400, use_json=is_json, use_cbor=is_cbor)  # type: ignore[no-any-return]


def _results(query: Query, value: Any, *, oldest_first: bool) -> list[Query]:
    """Return a query's results: one per series; a number is not a time series and so has none."""
    found = value if isinstance(value, list) else [value if isinstance(value, dict) else {}]
    return [
        {
            "Id": query["Id"],
            "Label": query.get("Label", _label(query)),
            "Timestamps": [cw._ts_iso(moment) for moment in sorted(held, reverse=not oldest_first)],
            "Values": [held[moment] for moment in sorted(held, reverse=not oldest_first)],
            "StatusCode": "Complete",
        }
        for held in found
    ]


def _label(query: Query) -> str:
    """Return the label CloudWatch gives a query without one."""
    return str(query["MetricStat"]["Metric"]["MetricName"] if query.get("MetricStat") else query["Id"])
