"""The operators' command line. It calls AWS APIs only, so it works alike on AWS and on this machine."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from pressrun_cli import local, packages, releases, services
from pressrun_cli.connection import STACK, Connection
from pressrun_cli.errors import CommandError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(local.app, name="local")
app.add_typer(services.app, name="services")
app.command("package")(packages.package)
app.command("releases")(releases.releases)
app.add_typer(releases.app, name="release")


@app.callback()
def connect(
    context: typer.Context,
    role: Annotated[
        str | None, typer.Option(help="ARN of a role to act as; its session is named after it.", envvar="PRESSRUN_ROLE")
    ] = None,
    stack: Annotated[str, typer.Option(help="Name of the control plane's stack.")] = STACK,
    services_dir: Annotated[Path, typer.Option(help="Folder of the services.")] = Path("services"),
) -> None:
    """Take AWS credentials from the environment, as every AWS tool does."""
    context.obj = {"connection": Connection(role, stack), "services": services_dir}


def run() -> None:
    """Run a command; a refusal is one line on standard error and status 1."""
    try:
        app()
    except CommandError as error:
        print(f"pressrun: {error}", file=sys.stderr)
        sys.exit(1)
    except (ClientError, BotoCoreError) as error:
        print(f"pressrun: AWS refused: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    run()
