"""What CodeBuild tells about one build, kept up to date while it runs."""

import copy
import time
from typing import Any

from ministack.services import codebuild

from localaws.overlay.events import emit
from localaws.settings import REGION

RUNNING = "IN_PROGRESS"


class Record:
    """One build's record: changed by its own thread alone, published as a whole."""

    def __init__(self, account: str, document: dict[str, Any]) -> None:
        self.account = account
        self.document = document
        document |= {"buildStatus": RUNNING, "currentPhase": "SUBMITTED", "buildComplete": False, "phases": []}
        document.pop("endTime", None)
        if not document.get("sourceVersion"):
            document.pop("sourceVersion", None)
        self.publish()

    @property
    def id(self) -> str:
        """The build's id."""
        return str(self.document["id"])

    def publish(self) -> None:
        """Let callers see the record as it is now."""
        codebuild._builds.set_scoped(self.account, REGION, self.id, copy.deepcopy(self.document))

    def begin(self, phase: str) -> None:
        """Enter a phase."""
        self.document["currentPhase"] = phase
        self.document["phases"].append({"phaseType": phase, "startTime": time.time()})
        self.publish()

    def end(self, status: str, code: str = "", message: str = "") -> None:
        """Leave the current phase."""
        phase = self.document["phases"][-1]
        phase |= {"phaseStatus": status, "endTime": time.time(), "contexts": [{"statusCode": code, "message": message}]}
        phase["durationInSeconds"] = int(phase["endTime"] - phase["startTime"])
        self.publish()

    def finish(self, status: str) -> None:
        """End the build."""
        self.document |= {"buildStatus": status, "buildComplete": True, "endTime": time.time()}
        self.begin("COMPLETED")

    def announce(self) -> None:
        """Emit the build's state change."""
        found = self.document
        detail = {
            "build-status": found["buildStatus"],
            "project-name": found["projectName"],
            "build-id": found["arn"],
            "current-phase": found["currentPhase"],
            "current-phase-context": "[]",
            "version": "1",
            "additional-information": {
                "build-number": found["buildNumber"],
                "build-complete": found["buildComplete"],
                "initiator": found["initiator"],
                "build-start-time": _spelt(found["startTime"]),
                "timeout-in-minutes": found["timeoutInMinutes"],
                "source": {name: found["source"][name] for name in ("type", "location") if found["source"].get(name)},
                "environment": found["environment"],
                "logs": {"group-name": found["logs"].get("groupName"), "stream-name": found["logs"].get("streamName")},
                "phases": [_phase(phase) for phase in found["phases"]],
            },
        }
        emit(self.account, "aws.codebuild", "CodeBuild Build State Change", detail, [found["arn"]])


def _phase(phase: dict[str, Any]) -> dict[str, Any]:
    found = {"phase-type": phase["phaseType"], "start-time": _spelt(phase["startTime"])}
    if "endTime" in phase:
        contexts = [f"{context['statusCode']}: {context['message']}" for context in phase["contexts"]]
        found |= {
            "phase-status": phase["phaseStatus"],
            "phase-context": contexts,
            "end-time": _spelt(phase["endTime"]),
            "duration-in-seconds": phase["durationInSeconds"],
        }
    return found


def _spelt(timestamp: float) -> str:
    return time.strftime("%b %d, %Y %I:%M:%S %p", time.gmtime(timestamp))
