"""What a release used, by price item, and what of it repeats with the length of its waits."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.performance.histories import Execution
from tests.performance.releases import Release

REPORT = re.compile(r"REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms.*Memory Size: (\d+) MB")
S3_WRITES = ("Put", "Copy", "Post", "List", "Create", "Complete")
WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
TRANSACTION = {"TransactWriteItems"}
READS = {"GetItem", "Query", "Scan", "BatchGetItem"}
HOUR = 3600.0
FUSES, METRICS_OF_A_FUSE, VARIANTS = 2, 2, 2

# What repeats, by the function that is called once each time, and the transitions of one turn.
TURNS = {"poll": ("JudgeCanary", 3), "look": ("CheckEndpoint", 3), "lag_look": ("MeasureMetricLag", 3)}


@dataclass
class Counts:
    """Numbers by price item.

    Attributes:
        items: what is billed.
        repeating: how often each thing that repeats happened, and what one of it takes.
        calls: API calls of functions by service and name.
        machines: transitions by state machine.
        changes: how many endpoint changes were waited for.
    """

    items: dict[str, float]
    repeating: dict[str, tuple[float, dict[str, float]]]
    calls: dict[str, int]
    machines: dict[str, int]
    changes: int

    def scaled(self, times: Mapping[str, float]) -> "Counts":
        """Return the counts had each thing happened so many times."""
        items = dict(self.items)
        for name, (played, each) in self.repeating.items():
            for item, number in each.items():
                items[item] += (times[name] - played) * number
        longer = max(times["poll"] * 10 / HOUR, 1.0)
        for item in ("cloudwatch_alarm_metric_hours", "endpoint_metrics_at_10_s"):
            items[item] *= longer
        return Counts(items, self.repeating, self.calls, self.machines, self.changes)


def count(release: Release, calls: list[dict[str, Any]], log: list[dict[str, Any]]) -> Counts:
    """Count what a release used, from its histories, CloudTrail's record and the functions' log."""
    machines = Counter[str]()
    for execution in release.executions:
        machines[execution.machine] += execution.transitions
    runs = _runs(log)
    named = Counter(f"{call['eventSource'].split('.')[0]}:{call['eventName']}" for call in calls)
    custom = _custom_metrics(log)
    items = {
        "transitions": float(sum(machines.values())),
        "lambda_gb_seconds": sum(gb_seconds for _, gb_seconds in runs),
        "lambda_requests": float(len(runs)),
        **_api(calls, named),
        "cloudwatch_alarm_metric_hours": float(FUSES * METRICS_OF_A_FUSE),  # each begun hour counts
        "cloudwatch_custom_metric_hours": float(len(custom)),
        "cloudwatch_log_bytes": float(sum(len(line["message"]) + 26 for line in log)),
        "endpoint_metrics_at_10_s": float(VARIANTS),
    }
    visits = Counter(visit.state for execution in release.executions for visit in execution.visits())
    repeating = _repeating(release.executions, runs, log, calls, visits)
    return Counts(items, repeating, dict(named), dict(machines), visits["ChangeEndpoint"])


def _runs(log: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """Return each invocation's request id and GB-seconds."""
    found = (REPORT.search(line["message"]) for line in log)
    return [(match[1], float(match[2]) / 1000 * int(match[3]) / 1024) for match in found if match]


def _api(calls: list[dict[str, Any]], named: Counter[str]) -> dict[str, float]:
    def of(service: str, names: set[str]) -> float:
        return float(sum(number for call, number in named.items() if call in {f"{service}:{name}" for name in names}))

    s3 = {call.split(":")[1]: number for call, number in named.items() if call.startswith("s3:")}
    puts = [call["requestParameters"] for call in calls if call["eventName"] == "PutEvents"]
    watch = sum(number for call, number in named.items() if call.startswith(("cloudwatch:", "monitoring:")))
    return {
        "events": float(sum(len(put.get("Entries", [])) for put in puts)),
        "dynamodb_writes": of("dynamodb", WRITES) + 4 * of("dynamodb", TRANSACTION),
        "dynamodb_reads": of("dynamodb", READS),
        "s3_writes": float(sum(n for name, n in s3.items() if name.startswith(S3_WRITES))),
        "s3_reads": float(sum(n for name, n in s3.items() if not name.startswith(S3_WRITES))),
        "cloudwatch_metrics_read": _metrics_read(calls),
        "cloudwatch_requests": watch - of("cloudwatch", {"GetMetricData"}) - of("monitoring", {"GetMetricData"}),
    }


def _metrics_read(calls: list[dict[str, Any]]) -> float:
    asked = [call["requestParameters"] for call in calls if call["eventName"] == "GetMetricData"]
    return float(sum(len(each.get("MetricDataQueries", [])) for each in asked))


def _custom_metrics(log: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """Return the metrics that functions counted: name and values of their dimensions."""
    found = set()
    for line in log:
        if line["message"].startswith('{"_aws"'):
            document = json.loads(line["message"])
            for directive in document["_aws"]["CloudWatchMetrics"]:
                for dimensions in directive["Dimensions"]:
                    values = [str(document.get(name)) for name in dimensions]
                    found |= {(metric["Name"], *values) for metric in directive["Metrics"]}
    return found


def _repeating(
    executions: list[Execution],
    runs: list[tuple[str, float]],
    log: list[dict[str, Any]],
    calls: list[dict[str, Any]],
    visits: Counter[str],
) -> dict[str, tuple[float, dict[str, float]]]:
    """Return how often each turn of a loop was taken, and what one turn takes."""
    functions = _functions(log)
    found = {}
    for name, (function, transitions) in TURNS.items():
        spent = [gb_seconds for request, gb_seconds in runs if function in functions.get(request, "")]
        each = {
            "transitions": float(transitions),
            "lambda_requests": 1.0,
            "lambda_gb_seconds": sum(spent) / max(len(spent), 1),
            "cloudwatch_log_bytes": 900.0,
        }
        found[name] = (float(visits[function]), each)
    found["poll"][1].update(_of_a_poll(executions, calls, visits["JudgeCanary"]))
    found["lag_look"][1]["cloudwatch_metrics_read"] = 1.0
    load = [gb_seconds for request, gb_seconds in runs if "GenerateLoad" in functions.get(request, "")]
    seconds = sum(visit.seconds for each in executions for visit in each.visits() if visit.state == "GenerateLoad")
    found["load_seconds"] = (seconds, {"lambda_gb_seconds": sum(load) / seconds if seconds else 0.0})
    return found


def _of_a_poll(executions: list[Execution], calls: list[dict[str, Any]], polls: int) -> dict[str, float]:
    """Return what API calls a poll takes: those made while shift_traffic ran, the reconciler's among them."""
    rollout = next(each for each in executions if each.machine == "shift_traffic")
    end = rollout.stopped or rollout.started
    window = f"{rollout.started:%Y-%m-%dT%H:%M:%SZ}", f"{end:%Y-%m-%dT%H:%M:%SZ}"
    inside = [call for call in calls if window[0] <= call["eventTime"] <= window[1]]
    named = Counter(f"{call['eventSource'].split('.')[0]}:{call['eventName']}" for call in inside)
    return {item: number / max(polls, 1) for item, number in _api(inside, named).items()}


def _functions(log: list[dict[str, Any]]) -> dict[str, str]:
    """Return function names by request id, from the lines that handlers write."""
    found = {}
    for line in log:
        if line["message"].startswith("{") and "function_request_id" in line["message"]:
            document = json.loads(line["message"])
            found[document["function_request_id"]] = document.get("function_name", "")
    return found
