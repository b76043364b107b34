"""`pressrun services`: list, check, apply."""

from pathlib import Path
from typing import Annotated

import typer

from pressrun_cli.arguments import AsJson, Override, connection_of, services_of
from pressrun_cli.publishing import publish
from pressrun_cli.records import Reader
from pressrun_cli.screen import emit, say, show_table
from pressrun_cli.spec_files import json_schema, read_service

app = typer.Typer(help="Services: their specs, and what runs in each stage.", invoke_without_command=True)

Names = Annotated[list[str] | None, typer.Argument(help="Names of services; all of them if none is given.")]


@app.callback(invoke_without_command=True)
def services(context: typer.Context, as_json: AsJson = False) -> None:
    """List what each service serves in each stage."""
    if context.invoked_subcommand:
        return
    items = [item for item in Reader(connection_of(context)).endpoints.everything() if item["stage"] != "lease"]
    if emit(items, as_json=as_json):
        return
    show_table(
        ["service", "stage", "endpoint", "live release", "changing"],
        [
            [
                item["service"],
                item["stage"],
                item.get("endpoint_name", ""),
                (item.get("live") or {}).get("release_id", "-"),
                item.get("changing", ""),
            ]
            for item in sorted(items, key=lambda item: (item["service"], item["stage"]))
        ],
    )


@app.command()
def check(context: typer.Context, names: Names = None, override: Override = None, as_json: AsJson = False) -> None:
    """Check service.yaml, golden set and load samples; nothing is sent anywhere."""
    checked = [read_service(folder, override) for folder in _folders(services_of(context), names)]
    if emit([{"service": service.spec.name, "digest": service.digest} for service in checked], as_json=as_json):
        return
    for service in checked:
        say(f"{service.spec.name}: fits, revision {service.digest[:12]}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of service.yaml, for editors."""
    print(json_schema())


@app.command()
def apply(context: typer.Context, names: Names = None, override: Override = None, as_json: AsJson = False) -> None:
    """Publish specs, golden sets and load samples under their digest; build and push images that were never built."""
    connection, root = connection_of(context), services_of(context)
    tell = (lambda _: None) if as_json else say
    found = []
    for folder in _folders(root, names):
        service = read_service(folder, override)
        published = publish(connection, service, root / "serving", tell)
        found.append({"service": service.spec.name, **published._asdict()})
        tell(f"{service.spec.name}: image {published.image.rsplit('@', 1)[-1][:19]}")
    emit(found, as_json=as_json)


def _folders(root: Path, names: list[str] | None) -> list[Path]:
    if names:
        return [root / name for name in names]
    return sorted(path.parent for path in root.glob("*/service.yaml"))
