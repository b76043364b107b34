"""Events that AWS services themselves put on an account's default bus."""

import json
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import eventbridge

from localaws.settings import REGION


def emit(account: str, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    """Put an event of an `aws.` source on the account's default bus."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": resources,
        "EventBusName": "default",
    }
    with request_scope(account, REGION):
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
