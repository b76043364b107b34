"""The images' place in the embedded AWS: CodeBuild that builds them."""

from ministack.services import codebuild as ministack_codebuild

from localaws.images import projects
from localaws.images.codebuild import CodeBuild
from localaws.settings import Settings

# What is replaced; a ministack that lacks one of these is not the one this was written for.
SEAMS = (
    "_start_build", "_stop_build", "_create_project", "_update_project", "_project_shape", "_make_build_record",
    "_build_id", "_builds", "_projects",
)  # fmt: skip
_running: list[CodeBuild] = []


def install(settings: Settings) -> None:
    """Let CodeBuild run its builds."""
    missing = [name for name in SEAMS if not hasattr(ministack_codebuild, name)]
    if missing:
        raise RuntimeError(f"ministack's codebuild has no {', '.join(missing)}")
    service = CodeBuild(settings)
    projects.install()
    ministack_codebuild._start_build = service.start
    ministack_codebuild._stop_build = service.stop
    _running.append(service)


def shutdown() -> None:
    """End every build."""
    while _running:
        _running.pop().shutdown()
