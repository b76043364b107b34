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
from localaws.images.workspace import Engine
from localaws.overlay import environment
from localaws.settings import Settings

OVERRIDES = {
    "projectName", "sourceTypeOverride", "sourceLocationOverride", "sourceVersion", "buildspecOverride",
    "environmentVariablesOverride", "privilegedModeOverride", "timeoutInMinutesOverride", "idempotencyToken",
}  # fmt: skip
STOP_SECONDS = 10
TOKEN_SECONDS = 300
Answer = tuple[int, dict[str, str], bytes]


class _InvalidInputError(Exception):
    """The request asks for something wrong, or for something that is not done here."""


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
        except _InvalidInputError as error:
            return _error("InvalidInputException", str(error))
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
            raise _InvalidInputError("idempotencyToken was used with other parameters")
        return found.build

    def _start(self, data: dict[str, Any], project: dict[str, Any]) -> str:
        wanted = _merged(project, data)
        record = Record(get_account_id(), self._document(wanted, data))
        privileged = bool(wanted["environment"].get("privilegedMode"))
        engine = Engine(
            str(self._settings.images_dir),
            str(self._settings.uv),
            installer_environment(environment.HOST),
            self._settings.endpoint_url,
            privileged,
        )
        variables = _variables(wanted) | {"AWS_ENDPOINT_URL": self._settings.endpoint_url}
        build = Build(self._settings, record, project["serviceRole"], variables, engine)
        self._builds[record.id] = build
        if data.get("idempotencyToken"):
            key = (get_account_id(), project["name"], data["idempotencyToken"])
            self._tokens[key] = _Started(_digest(data), record.id, time.monotonic())
        build.start()
        return record.id

    def _document(self, wanted: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = codebuild._make_build_record(
            wanted, codebuild._build_id(wanted["name"]), data.get("sourceVersion")
        )
        version = data.get("sourceVersion") or wanted.get("sourceVersion")
        return document | {"sourceVersion": version, "serviceRole": wanted["serviceRole"]}


def _merged(project: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the project with the request's overrides."""
    foreign = sorted(set(data) - OVERRIDES)
    if foreign:
        raise _InvalidInputError(f"{', '.join(foreign)}: not emulated by CodeBuild on this machine")
    source = dict(project.get("source") or {"type": "NO_SOURCE"})
    given = {"type": "sourceTypeOverride", "location": "sourceLocationOverride", "buildspec": "buildspecOverride"}
    source |= {name: data[override] for name, override in given.items() if override in data}
    _check_source(source)
    if (project.get("artifacts") or {}).get("type", "NO_ARTIFACTS") != "NO_ARTIFACTS":
        raise _InvalidInputError("artifacts of a build are not emulated; expected type NO_ARTIFACTS")
    environment = dict(project.get("environment") or {})
    variables = {entry["name"]: entry for entry in environment.get("environmentVariables") or []}
    variables |= {entry["name"]: entry for entry in data.get("environmentVariablesOverride") or []}
    environment["environmentVariables"] = list(variables.values())
    if "privilegedModeOverride" in data:
        environment["privilegedMode"] = data["privilegedModeOverride"]
    minutes = int(data.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes") or 60)
    return project | {"source": source, "environment": environment, "timeoutInMinutes": minutes}


def _check_source(source: dict[str, Any]) -> None:
    kind, location = source.get("type"), source.get("location") or ""
    if kind not in ("S3", "NO_SOURCE"):
        raise _InvalidInputError(f"source type {kind} is not emulated; expected S3 or NO_SOURCE")
    if kind == "S3" and not location.removeprefix("arn:aws:s3:::").partition("/")[2].endswith(".zip"):
        raise _InvalidInputError(f"source location {location!r} is not emulated; expected bucket/key.zip")
    if kind == "NO_SOURCE" and "\n" not in (source.get("buildspec") or ""):
        raise _InvalidInputError("a build without source needs a buildspec of its own")


def _variables(project: dict[str, Any]) -> dict[str, str]:
    entries = project["environment"]["environmentVariables"]
    for entry in entries:
        if entry.get("type", "PLAINTEXT") != "PLAINTEXT":
            raise _InvalidInputError(f"variable {entry['name']} of type {entry['type']} is not emulated")
    return {entry["name"]: entry["value"] for entry in entries}


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _answer(document: dict[str, Any]) -> Answer:
    answer: Answer = json_response(document)
    return answer


def _error(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer
