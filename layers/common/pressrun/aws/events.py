"""Pressrun's own events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from pressrun.aws.sessions import own_session
from pressrun.errors import PressrunError
from pressrun.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "pressrun"


class Bus:
    """The event bus of the installation."""

    def __init__(self, client: EventBridgeClient, name: str) -> None:
        self._client = client
        self._name = name

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own bus."""
        return cls(own_session().client("events"), settings().event_bus)

    def put(self, detail_type: str, detail: dict[str, Any]) -> None:
        """Put one event; EventBridge answers 200 also for an entry it refused, so the entry is looked at."""
        answer = self._client.put_events(
            Entries=[
                {
                    "Source": SOURCE,
                    "DetailType": detail_type,
                    "Detail": json.dumps(detail),
                    "EventBusName": self._name,
                }
            ]
        )
        if answer["FailedEntryCount"]:
            entry = answer["Entries"][0]
            raise PressrunError(
                f"event {detail_type!r} was refused by bus {self._name!r}: "
                f"{entry.get('ErrorCode', 'no code')} {entry.get('ErrorMessage', '')}"
            )
