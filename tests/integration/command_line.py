"""The operators' command line, run in this process with the credentials of whoever is asked for."""

import json
import re
from typing import Any

from typer.testing import CliRunner

from localaws.settings import ACCOUNTS
from pressrun_cli.main import app
from tests.integration.product import Product

EXPORT = re.compile(r"export (\w+)=(.*)")


def pressrun(product: Product, *arguments: str, person: str | None = None) -> Any:
    """Run a command with --json and return what it printed; what it raises is raised here."""
    exports = EXPORT.findall((product.folder / "env").read_text())
    role = f"arn:aws:iam::{ACCOUNTS['tools']}:role/{person}" if person else None
    done = CliRunner().invoke(
        app, [*arguments, "--json"], env={**dict(exports), "PRESSRUN_ROLE": role}, catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def shown(product: Product, release_id: str) -> dict[str, Any]:
    """Return a release as `pressrun release show` shows it."""
    found: dict[str, Any] = pressrun(product, "release", "show", release_id)
    return found
