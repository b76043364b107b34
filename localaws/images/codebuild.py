"""Makes ministack's CodeBuild run its builds."""

import hashlib
import json
import threading
import time
from typing import Any, NamedTuple

from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import codebuild

from localaws.images.builds import Build
from localaws.images.interpreter import installer_environment
from localaws.images.record import Record
from localaws.images.request import InvalidInputError, logs_of, merged, variables_of
from localaws.images.workspace import Engine
from localaws.overlay import environment
from localaws.settings import Settings

STOP_SECONDS = 10
TOKEN_SECONDS = 300
Answer = tuple[int, dict[str, str], bytes]


class _LimitError(Exception):
    """The project runs as many builds as it may."""


class _Started(NamedTuple):
    """What a request with an idempotency token started, and when."""

    digest: str
    build: str
    at: float


class CodeBuild:
    """The builds of one run of the embedded AWS."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._builds: dict[str, Build] = {}
        self._tokens: dict[tuple[str, str, str], _Started] = {}
        self._lock = threading.Lock()

    def start(self, data: dict[str, Any]) -> Answer:
        """Answer StartBuild."""
        name = data.get("projectName", "")
        project = codebuild._projects.get(name)
        if project is None:
            return _error("ResourceNotFoundException", f"Project cannot be found: {name}")
        try:
            with self._lock:
                started = self._repeated(data) or self._start(data, project)
        except InvalidInputError as error:
            return _error("InvalidInputException", str(error))
        except _LimitError as error:
            return _error("AccountLimitExceededException", str(error))
        return _answer({"build": codebuild._builds[started]})

    def stop(self, data: dict[str, Any]) -> Answer:
        """Answer StopBuild; a build that has ended stays as it is."""
        found = codebuild._builds.get(data.get("id", ""))
        if found is None:
            return _error("ResourceNotFoundException", f"Build cannot be found: {data.get('id', '')}")
        build = self._builds[found["id"]]
        build.stop()
        build.join(STOP_SECONDS)
        return _answer({"build": codebuild._builds[found["id"]]})

    def shutdown(self) -> None:
        """End every build."""
        for build in self._builds.values():
            build.stop()
        for build in self._builds.values():
            build.join(STOP_SECONDS)

    def _repeated(self, data: dict[str, Any]) -> str | None:
        """Return the build that the same request started already."""
        token = data.get("idempotencyToken")
        if not token:
            return None
        found = self._tokens.get((get_account_id(), data["projectName"], token))
        if found is None or time.monotonic() - found.at > TOKEN_SECONDS:
            return None
        if found.digest != _digest(data):
            raise InvalidInputError("idempotencyToken was used with other parameters")
        return found.build

    def _start(self, data: dict[str, Any], project: dict[str, Any]) -> str:
        self._check_limit(project)
        wanted = merged(project, data)
        record = Record(get_account_id(), self._document(wanted, data))
        engine = Engine(
            str(self._settings.images_dir),
            str(self._settings.uv),
            installer_environment(environment.HOST),
            self._settings.endpoint_url,
            wanted["environment"]["privilegedMode"],
        )
        variables = variables_of(wanted) | {"AWS_ENDPOINT_URL": self._settings.endpoint_url}
        build = Build(self._settings, record, project, variables, engine)
        self._builds[record.id] = build
        if data.get("idempotencyToken"):
            key = (get_account_id(), project["name"], data["idempotencyToken"])
            self._tokens[key] = _Started(_digest(data), record.id, time.monotonic())
        build.start()
        return record.id

    def _check_limit(self, project: dict[str, Any]) -> None:
        limit = project.get("concurrentBuildLimit")
        running = [build for build in self._builds.values() if build.is_alive() and build.project == project["arn"]]
        if limit and len(running) >= int(limit):
            raise _LimitError(f"Project {project['name']} runs {len(running)} builds, its concurrentBuildLimit")

    def _document(self, wanted: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = codebuild._make_build_record(
            wanted, codebuild._build_id(wanted["name"]), data.get("sourceVersion")
        )
        version = data.get("sourceVersion") or wanted.get("sourceVersion")
        logs = logs_of(wanted, document["id"])
        return document | {"sourceVersion": version, "serviceRole": wanted["serviceRole"], "logs": logs}


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _answer(document: dict[str, Any]) -> Answer:
    answer: Answer = json_response(document)
    return answer


def _error(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer
