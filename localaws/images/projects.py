"""CodeBuild projects: keeps the settings that ministack drops, and refuses those that would have no effect."""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

Answer = tuple[int, dict[str, str], bytes]
Properties = dict[str, Any]

RESOURCE_TYPE = "AWS::CodeBuild::Project"
HANDLERS = provisioners._RESOURCE_HANDLERS
# Beside what ministack keeps; a network, a cache and a queue of its own have no counterpart on one machine.
KEPT = ("logsConfig", "vpcConfig", "cache", "queuedTimeoutInMinutes", "concurrentBuildLimit")
KNOWN = {
    "name", "description", "source", "sourceVersion", "artifacts", "environment", "serviceRole", "timeoutInMinutes",
    "tags", "encryptionKey", "badgeEnabled", *KEPT,
}  # fmt: skip

_create = codebuild._create_project
_update = codebuild._update_project
_shape = codebuild._project_shape


def install() -> None:
    """Put this in front of ministack's handlers of projects."""
    codebuild._create_project = create
    codebuild._update_project = update
    codebuild._project_shape = shape
    handlers = HANDLERS[RESOURCE_TYPE]
    create_resource, update_resource = handlers["create"], handlers["update"]

    def create_all(logical_id: str, properties: Properties, stack: str) -> Any:
        _check_properties(properties)
        return _keep_properties(create_resource(logical_id, properties, stack), properties)

    def update_all(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        _check_properties(new)
        return _keep_properties(update_resource(physical_id, old, new, *rest), new)

    HANDLERS[RESOURCE_TYPE] = {**handlers, "create": create_all, "update": update_all}


def create(data: dict[str, Any]) -> Answer:
    """Answer CreateProject."""
    return _refusal(data) or _kept(data, _create(data))


def update(data: dict[str, Any]) -> Answer:
    """Answer UpdateProject."""
    return _refusal(data) or _kept(data, _update(data))


def shape(project: dict[str, Any]) -> dict[str, Any]:
    """Return a project as CodeBuild shows it: an empty text is left out."""
    shown = _shape(project) | {name: project[name] for name in KEPT if name in project}
    return {name: value for name, value in shown.items() if value != ""}


def _refusal(data: dict[str, Any]) -> Answer | None:
    foreign = sorted(set(data) - KNOWN)
    if not foreign:
        return None
    message = f"{', '.join(foreign)}: not emulated by CodeBuild on this machine"
    answer: Answer = error_response_json("InvalidInputException", message, 400)
    return answer


def _kept(data: dict[str, Any], answer: Answer) -> Answer:
    project = codebuild._projects.get(data.get("name", ""))
    if answer[0] == 200 and project is not None:
        project |= {name: data[name] for name in KEPT if name in data}
    return answer


def _check_properties(properties: Properties) -> None:
    foreign = sorted(set(provisioners._pascal_to_camel(properties)) - KNOWN)
    if foreign:
        raise ValueError(f"{RESOURCE_TYPE}: {', '.join(foreign)}: not emulated on this machine")


def _keep_properties(answer: Any, properties: Properties) -> Any:
    given = provisioners._pascal_to_camel(properties)
    project = codebuild._projects[answer[0]]
    for name in KEPT:
        project.pop(name, None)
    project |= {name: given[name] for name in KEPT if name in given}
    return answer
