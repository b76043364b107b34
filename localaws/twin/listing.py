"""Lists of SageMaker's resources: filtered, sorted, page by page."""

import base64
import json
from typing import Any

from localaws.twin.errors import invalid
from localaws.twin.state import Record

DEFAULT_PAGE = 10


def page(
    items: list[Record], params: dict[str, Any], *, result: str, name: str, order: str = "Descending"
) -> dict[str, Any]:
    """Return one page of the items that pass the request's filters."""
    found = [item for item in items if _passes(item, params, name)]
    key = {"Name": name, "Status": "EndpointStatus"}.get(params.get("SortBy", ""), "CreationTime")
    found.sort(key=lambda item: item[key], reverse=params.get("SortOrder", order) == "Descending")
    return cut(found, params, result=result, size=DEFAULT_PAGE)


def cut(found: list[Record], params: dict[str, Any], *, result: str, size: int) -> dict[str, Any]:
    """Return the page a request asks for."""
    start = _offset(params.get("NextToken"))
    size = params.get("MaxResults", size)
    answer: dict[str, Any] = {result: found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = base64.urlsafe_b64encode(json.dumps({"from": start + size}).encode()).decode()
    return answer


def pick(record: Record, names: list[str]) -> Record:
    """Copy the named members that a record has."""
    return {name: record[name] for name in names if record.get(name) is not None}


def _passes(item: Record, params: dict[str, Any], name: str) -> bool:
    """Tell whether an item is within the request's filters."""
    wanted = params.get("NameContains")
    if wanted and wanted.lower() not in item[name].lower():
        return False
    for time in ("CreationTime", "LastModifiedTime"):
        if f"{time}After" in params and item[time] <= params[f"{time}After"]:
            return False
        if f"{time}Before" in params and item[time] >= params[f"{time}Before"]:
            return False
    return "StatusEquals" not in params or item["EndpointStatus"] == params["StatusEquals"]


def _offset(token: str | None) -> int:
    """Read where a page starts out of its token."""
    if not token:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["from"])
    except (ValueError, KeyError, TypeError) as error:
        raise invalid("Invalid pagination token given.") from error
