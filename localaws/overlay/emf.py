"""Metrics in log lines: the embedded metric format, as Powertools writes it."""

import json
import logging
import time
from collections.abc import Iterator
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc

Document = dict[str, Any]

logger = logging.getLogger("localaws.emf")
_emit_logs = lambda_svc._emit_lambda_logs


def install() -> None:
    """Let what handlers log become metrics."""
    lambda_svc._emit_lambda_logs = emit_logs


def emit_logs(func: Document, request_id: str, text: str, error: bool, duration_ms: int, **rest: Any) -> None:
    """Write a handler's log, and store the metrics in it."""
    _emit_logs(func, request_id, text, error, duration_ms, **rest)
    account, region = lambda_svc._account_region_from_function_config(func.get("config") or func)
    with request_scope(account, region):
        for line in text.splitlines():
            for datum in metrics_of(line):
                cw._store_datum(*datum)


def metrics_of(line: str) -> Iterator[tuple[Any, ...]]:
    """Yield each metric of a log line, once per dimension set."""
    if '"_aws"' not in line or not line.lstrip().startswith("{"):
        return
    try:
        document = json.loads(line)
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    yield _datum(document, directive["Namespace"], metric, dimensions)
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("a log line in the embedded metric format is malformed: %r in %s", error, line)


def _datum(document: Document, namespace: str, metric: Document, dimensions: dict[str, str]) -> tuple[Any, ...]:
    """Return one metric in the order the store takes it."""
    found = document[metric["Name"]]
    values = found if isinstance(found, list) else [found]
    at = document["_aws"].get("Timestamp", time.time() * 1000) / 1000
    return namespace, metric["Name"], dimensions, at, metric.get("Unit", "None"), None, values, None, None
