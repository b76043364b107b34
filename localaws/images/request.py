"""Joins a project and a StartBuild request into what a build runs; what would have no effect is refused."""

from typing import Any

OVERRIDES = {
    "projectName", "sourceTypeOverride", "sourceLocationOverride", "sourceVersion", "buildspecOverride",
    "environmentVariablesOverride", "privilegedModeOverride", "timeoutInMinutesOverride", "idempotencyToken",
}  # fmt: skip


class InvalidInputError(Exception):
    """The request asks for something wrong, or for something that is not done here."""


def merged(project: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Return the project with the request's overrides."""
    foreign = sorted(set(data) - OVERRIDES)
    if foreign:
        raise InvalidInputError(f"{', '.join(foreign)}: not emulated by CodeBuild on this machine")
    source = dict(project.get("source") or {"type": "NO_SOURCE"})
    given = {"type": "sourceTypeOverride", "location": "sourceLocationOverride", "buildspec": "buildspecOverride"}
    source |= {name: data[override] for name, override in given.items() if override in data}
    _check_source(source)
    if (project.get("artifacts") or {}).get("type", "NO_ARTIFACTS") != "NO_ARTIFACTS":
        raise InvalidInputError("artifacts of a build are not emulated; expected type NO_ARTIFACTS")
    environment = dict(project.get("environment") or {})
    variables = {entry["name"]: entry for entry in environment.get("environmentVariables") or []}
    variables |= {entry["name"]: entry for entry in data.get("environmentVariablesOverride") or []}
    environment["environmentVariables"] = list(variables.values())
    privileged = data.get("privilegedModeOverride", environment.get("privilegedMode", False))
    environment["privilegedMode"] = str(privileged).lower() == "true"  # a stack may say it as a text
    minutes = int(data.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes") or 60)
    return project | {"source": source, "environment": environment, "timeoutInMinutes": minutes}


def _check_source(source: dict[str, Any]) -> None:
    kind, location = source.get("type"), source.get("location") or ""
    if kind not in ("S3", "NO_SOURCE"):
        raise InvalidInputError(f"source type {kind} is not emulated; expected S3 or NO_SOURCE")
    if kind == "S3" and not location.removeprefix("arn:aws:s3:::").partition("/")[2].endswith(".zip"):
        raise InvalidInputError(f"source location {location!r} is not emulated; expected bucket/key.zip")
    if kind == "NO_SOURCE" and "\n" not in (source.get("buildspec") or ""):
        raise InvalidInputError("a build without source needs a buildspec of its own")


def logs_of(project: dict[str, Any], build_id: str) -> dict[str, Any]:
    """Return where a build's output goes; without a group it goes to the build's own file alone."""
    config = project.get("logsConfig") or {}
    if (config.get("s3Logs") or {}).get("status") == "ENABLED":
        raise InvalidInputError("logs of a build in S3 are not emulated; expected CloudWatch Logs")
    wanted = {"status": "ENABLED"} | (config.get("cloudWatchLogs") or {})
    if wanted["status"] != "ENABLED":
        return {"cloudWatchLogs": wanted}
    prefix = f"{wanted['streamName']}/" if wanted.get("streamName") else ""
    group = wanted.get("groupName") or f"/aws/codebuild/{project['name']}"
    return {"groupName": group, "streamName": prefix + build_id.rpartition(":")[2], "cloudWatchLogs": wanted}


def variables_of(project: dict[str, Any]) -> dict[str, str]:
    """Return the variables of project and request."""
    entries = project["environment"]["environmentVariables"]
    for entry in entries:
        if entry.get("type", "PLAINTEXT") != "PLAINTEXT":
            raise InvalidInputError(f"variable {entry['name']} of type {entry['type']} is not emulated")
    return {entry["name"]: entry["value"] for entry in entries}
