"""`pressrun package`: register a model archive, and approve it if asked to."""

from pathlib import Path
from typing import Annotated

import typer

from pressrun_cli.arguments import AsJson, connection_of, services_of
from pressrun_cli.packaging import approve, register
from pressrun_cli.screen import emit, say
from pressrun_cli.spec_files import read_service


def package(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    archive: Annotated[Path, typer.Option(help="The model archive, a model.tar.gz.")],
    description: Annotated[str, typer.Option(help="What is new about it.")] = "",
    approved: Annotated[bool, typer.Option("--approve", help="Approve it as well, which opens its release.")] = False,
    as_json: AsJson = False,
) -> None:
    """Register a model package; it waits for its approval in the registry."""
    connection, root = connection_of(context), services_of(context)
    registered = register(connection, read_service(root / service), archive, root / "serving", description)
    if approved:
        approve(connection, registered.arn, description or "approved on the command line")
    status = "Approved" if approved else "PendingManualApproval"
    if emit({**registered._asdict(), "status": status}, as_json=as_json):
        return
    say(f"{registered.arn} is {status}")
    if not approved:
        say("approve it in the registry, e.g.: aws sagemaker update-model-package --model-approval-status Approved \\")
        say(f"  --model-package-arn {registered.arn}")
