"""The templates as the contract tests read them."""

import json
import subprocess
from functools import cache
from typing import Any

from localaws.deploy import templates
from tests.contract.machines import ROOT

Resource = dict[str, Any]

TOOLS = "template.yaml"
WORKLOAD = "stacks/workload.yaml"


@cache
def template(path: str = TOOLS) -> dict[str, Any]:
    """Return a template with its functions in their long form."""
    return templates.load(ROOT / path)


def resources(path: str = TOOLS) -> dict[str, Resource]:
    """Return a template's resources."""
    found: dict[str, Resource] = template(path)["Resources"]
    return found


def of_type(kind: str, path: str = TOOLS) -> dict[str, Resource]:
    """Return a template's resources of one type."""
    return {name: resource for name, resource in resources(path).items() if resource["Type"] == kind}


@cache
def translated(path: str = TOOLS) -> dict[str, Resource]:
    """Return the resources that the SAM transform makes, as CloudFormation creates them."""
    done = subprocess.run(
        [ROOT / ".localaws/venv/bin/python", ROOT / "localaws/translate.py", ROOT / path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Resource] = json.loads(done.stdout)["Resources"]
    return found
