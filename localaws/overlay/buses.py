"""Event buses across accounts: targets and PutEvents reach a foreign bus if its policy lets them."""

import json
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, json_response, new_uuid, request_scope
from ministack.services import eventbridge as eb

from localaws.overlay import grants

LOGGED_EVENTS = 1000
Event = dict[str, Any]

_put_events = eb._put_events
_events_log = eb._events_log_list
_put_permission = eb._put_permission


class BusError(Exception):
    """A bus does not exist, or does not take an event."""


def install() -> None:
    """Replace PutEvents, PutPermission and the bus's log."""
    eb._put_events = put_events
    eb._put_permission = put_permission
    eb._events_log_list = events_log


def put_events(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
    """Put events on buses of this account, and on foreign ones by ARN."""
    entries = data.get("Entries", [])
    if len(entries) > 10 or not any(_is_foreign(entry) for entry in entries):
        return _put_events(data, allow_aws_source)
    results = [_put_one(entry, allow_aws_source) for entry in entries]
    failed = sum("ErrorCode" in result for result in results)
    return json_response({"FailedEntryCount": failed, "Entries": results})


def put_permission(data: dict[str, Any]) -> Any:
    """Write a statement of a bus's policy, or the whole policy."""
    if not data.get("Policy"):
        return _put_permission(data)
    eb._event_bus_policies[data.get("EventBusName", "default")] = json.loads(data["Policy"])
    return json_response({})


def events_log() -> Any:
    """Return the log of recent events, the oldest dropped."""
    log = _events_log()
    del log[:-LOGGED_EVENTS]
    return log


def forward(event: Event, bus_arn: str, role_arn: str | None) -> None:
    """Carry an event to another bus; across accounts only once, with the sender's account kept."""
    account, region, name = _address(bus_arn)
    crossing = account != get_account_id()
    if crossing and event.get("_Crossed"):
        raise BusError(f"{bus_arn}: an event crosses accounts once.")
    sender = f"arn:aws:iam::{get_account_id()}:root"
    if role_arn:
        sender = grants.role_may(role_arn, "events:PutEvents", bus_arn)
    elif crossing:
        raise BusError(f"{bus_arn}: a target in another account needs a RoleArn.")
    path = [] if crossing else event.get("_DispatchPath") or []
    _deliver({**event, "_DispatchPath": path, "_Crossed": crossing}, account, region, name, sender, crossing=crossing)


def _put_one(entry: Event, allow_aws_source: bool) -> dict[str, str]:
    """Put one entry of a request that names foreign buses."""
    if not _is_foreign(entry):
        answer = json.loads(_put_events({"Entries": [entry]}, allow_aws_source)[2])
        return dict(answer["Entries"][0])
    if entry.get("Source", "").startswith("aws."):
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}
    event = {
        "EventId": new_uuid(),
        "Source": entry.get("Source", ""),
        "DetailType": entry.get("DetailType", ""),
        "Detail": entry.get("Detail", "{}"),
        "Time": int(eb._now_ts()),
        "Resources": entry.get("Resources", []),
        "Account": get_account_id(),
        "Region": get_region(),
        "_Crossed": True,
    }
    try:
        account, region, name = _address(entry["EventBusName"])
        _deliver(event, account, region, name, iam_evaluator.caller_arn(), crossing=True)
    except BusError as error:
        return {"ErrorCode": "AccessDeniedException", "ErrorMessage": str(error)}
    return {"EventId": event["EventId"]}


def _deliver(event: Event, account: str, region: str, name: str, sender: str, *, crossing: bool) -> None:
    """Put an event on a bus of an account, if the bus takes it from the sender."""
    arn = f"arn:aws:events:{region}:{account}:event-bus/{name}"
    with request_scope(account, region):
        if name != "default" and name not in eb._event_buses:
            raise BusError(f"Event bus {arn} does not exist.")
        policy = eb._event_bus_policies.get(name)
        if crossing and not grants.principal_may(policy, sender, "events:PutEvents", arn):
            raise BusError(f"User: {sender} is not authorized to perform: events:PutEvents on resource: {arn}")
        carried = {**event, "EventBusName": name}
        eb._dispatch_event(carried)
        eb._archive_event({key: value for key, value in carried.items() if not key.startswith("_")})


def _is_foreign(entry: Any) -> bool:
    """Tell whether an entry names a bus of another account."""
    bus = entry.get("EventBusName", "") if isinstance(entry, dict) else ""
    return bus.startswith("arn:") and ":event-bus/" in bus and _address(bus)[0] != get_account_id()


def _address(bus_arn: str) -> tuple[str, str, str]:
    """Split a bus's ARN into account, region and name."""
    parts = bus_arn.split(":", 5)
    return parts[4], parts[3], parts[5].partition("/")[2]
