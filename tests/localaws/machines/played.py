"""Machines as they are defined, run by the embedded AWS over functions that only play their part."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import yaml

from tests.contract.machines import ROOT
from tests.localaws.overlay.resources import ALLOW_ALL, ended, function, role, start, unique
from tests.localaws.process import LocalAws

# What every part does: it looks up, in the input's own script, what to say to its how-manieth call.
PART = """
import json, os, pathlib

def handler(event, context):
    folder = pathlib.Path(os.environ["NOTES"], event["release_id"])
    folder.mkdir(parents=True, exist_ok=True)
    name = os.environ["PART"]
    script = json.loads(folder.joinpath("script.json").read_text())
    calls = folder / f"{name}.jsonl"
    made = calls.read_text().count("\\n") if calls.exists() else 0
    with calls.open("a") as file:
        file.write(json.dumps(event) + "\\n")
    with folder.joinpath("order").open("a") as file:
        file.write(name + "\\n")
    says = script.get(name, [{}])
    said = says[min(made, len(says) - 1)]
    if "raise" in said:
        raise type(said["raise"], (Exception,), {})(said["raise"] + " was played")
    return said
"""


class Played:
    """A machine whose functions follow a script."""

    def __init__(self, aws: LocalAws, name: str, children: dict[str, str] | None = None) -> None:
        self._aws = aws
        self._notes = aws.state_dir / unique("notes")
        definition = (ROOT / "statemachines" / f"{name}.asl.yaml").read_text()
        for part in sorted(set(re.findall(r"\$\{(\w+)FunctionArn\}", definition))):
            environment = {"Variables": {"NOTES": str(self._notes), "PART": part}}
            definition = definition.replace(f"${{{part}FunctionArn}}", function(aws, PART, Environment=environment))
        for child, arn in (children or {}).items():
            definition = definition.replace(f"${{{child}StateMachineArn}}", arn)
        self.arn = machine(aws, name, yaml.safe_load(definition))

    def run(self, given: dict[str, Any], **script: list[dict[str, Any]]) -> dict[str, Any]:
        """Run once; each part says what its script says, the last answer again and again."""
        folder = self._notes / given["release_id"]
        folder.mkdir(parents=True)
        folder.joinpath("script.json").write_text(json.dumps(script))
        return ended(self._aws, start(self._aws, self.arn, given, name=unique("run")))

    def order(self, release_id: str) -> list[str]:
        """Return the parts in the order they were called."""
        return (self._notes / release_id / "order").read_text().split()

    def calls(self, release_id: str, part: str) -> list[dict[str, Any]]:
        """Return what a part was called with."""
        return [json.loads(line) for line in (self._notes / release_id / f"{part}.jsonl").read_text().splitlines()]


def machine(aws: LocalAws, name: str, definition: dict[str, Any]) -> str:
    """Create a machine and return its ARN."""
    answer = aws.client("stepfunctions").create_state_machine(
        name=unique(name.replace("_", "-")),
        definition=json.dumps(definition),
        roleArn=role(aws, ALLOW_ALL, service="states"),
    )
    return str(answer["stateMachineArn"])


@contextmanager
def quick(aws: LocalAws) -> Iterator[None]:
    """Let waits pass fifty times as fast."""
    _scale_waits(aws, 0.02)
    try:
        yield
    finally:
        _scale_waits(aws, 1)


def _scale_waits(aws: LocalAws, scale: float) -> None:
    request = urllib.request.Request(
        f"{aws.endpoint_url}/_ministack/config",
        data=json.dumps({"stepfunctions._SFN_WAIT_SCALE": scale}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    with urllib.request.urlopen(request) as answer:
        assert "stepfunctions._SFN_WAIT_SCALE" in json.load(answer)["applied"]
