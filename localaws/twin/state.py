"""What the twin remembers: plain records per account, for as long as the embedded AWS runs."""

import threading
import time
from typing import Any

Record = dict[str, Any]
Table = dict[str, Record]


class State:
    """Tables of records by account; hold `lock` over every read-modify-write."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._accounts: dict[str, dict[str, Table]] = {}

    def table(self, account: str, name: str) -> Table:
        """Return one table of an account."""
        with self.lock:
            return self._accounts.setdefault(account, {}).setdefault(name, {})

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource."""
        return self.table(arn.split(":")[4], "tags").get(arn, {})


def now() -> float:
    """Return the time in seconds, with AWS's millisecond resolution."""
    return round(time.time(), 3)
