"""Brings what containers print to CloudWatch Logs, where SageMaker puts it."""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ministack.core.responses import request_scope
from ministack.services import cloudwatch_logs

from localaws.settings import REGION

SHIP_SECONDS = 1.0
MAX_BYTES = 256 * 1024
logger = logging.getLogger(__name__)


@dataclass
class _Followed:
    """One container's log and how far it was read."""

    path: Path
    account: str
    group: str
    stream: str
    position: int = 0


class ContainerLogs:
    """Log group /aws/sagemaker/Endpoints/NAME, a stream VARIANT/INSTANCE for each container."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._followed: list[_Followed] = []
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin to ship."""
        threading.Thread(target=self._run, name="twin-logs", daemon=True).start()

    def close(self) -> None:
        """Stop shipping."""
        self._closed.set()

    def follow(self, account: str, endpoint: str, variant: str, instance: str) -> Path:
        """Return the file that a container writes to; what stands in it is shipped."""
        path = self._folder / account / endpoint / variant / f"{instance}.log"
        group, stream = f"/aws/sagemaker/Endpoints/{endpoint}", f"{variant}/{instance}"
        self._followed.append(_Followed(path, account, group, stream))
        return path

    def _run(self) -> None:
        """Ship until closed."""
        while not self._closed.wait(SHIP_SECONDS):
            for followed in list(self._followed):
                try:
                    _ship(followed)
                except Exception:
                    logger.exception("the log %s was not shipped", followed.path)


def _ship(followed: _Followed) -> None:
    """Ship the complete lines that were added to a log."""
    if not followed.path.exists() or followed.path.stat().st_size <= followed.position:
        return
    with followed.path.open("rb") as file:
        file.seek(followed.position)
        added = file.read(MAX_BYTES)
    whole = added if len(added) == MAX_BYTES else added[: added.rfind(b"\n") + 1]
    followed.position += len(whole)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in whole.decode(errors="replace").splitlines() if line]
    if not events:
        return
    where = {"logGroupName": followed.group, "logStreamName": followed.stream}
    with request_scope(followed.account, REGION):
        if followed.group not in cloudwatch_logs._log_groups:
            cloudwatch_logs._create_log_group({"logGroupName": followed.group})
        if followed.stream not in cloudwatch_logs._log_groups[followed.group]["streams"]:
            cloudwatch_logs._create_log_stream(where)
        cloudwatch_logs._put_log_events({**where, "logEvents": events})
