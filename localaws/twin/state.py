"""What the twin remembers: plain records per account, written to a file at an orderly end."""

import json
import threading
import time
from pathlib import Path
from typing import Any

Record = dict[str, Any]
Table = dict[str, Record]


class State:
    """Tables of JSON records by account; hold `lock` over every read-modify-write."""

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._path = path
        self._accounts: dict[str, dict[str, Table]] = {}
        if path and path.exists():
            self._accounts = json.loads(path.read_text())

    def table(self, account: str, name: str) -> Table:
        """Return one table of an account."""
        with self.lock:
            return self._accounts.setdefault(account, {}).setdefault(name, {})

    def accounts(self) -> list[str]:
        """Return the accounts that have records."""
        with self.lock:
            return list(self._accounts)

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource."""
        return self.table(arn.split(":")[4], "tags").get(arn, {})

    def save(self) -> None:
        """Write everything down."""
        if self._path:
            with self.lock:
                text = json.dumps(self._accounts)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(text)


def now() -> float:
    """Return the time in seconds, with AWS's millisecond resolution."""
    return round(time.time(), 3)
