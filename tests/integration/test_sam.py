"""The second way of deploying: `sam build` and `sam deploy`, as on AWS, against the embedded AWS."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from localaws.deploy import content, layers
from localaws.settings import ACCOUNTS, REGION
from tests.localaws import process
from tests.localaws.process import ROOT

SAM = ROOT / ".sam" / "bin" / "sam"
RUNTIME = yaml.safe_load(
    "\n".join(line for line in (ROOT / "template.yaml").read_text().splitlines() if line.startswith("  Runtime:"))
)["Runtime"]["Default"]
WRITTEN_BY_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "uv_cache.json"}

LEFT_OUT = re.compile(r"(bin|include|[^/]+\.libs)/|[^/]+\.data/(scripts|headers)/")


def _runs(interpreter: str) -> bool:
    found = shutil.which(interpreter)
    return bool(found) and subprocess.run([str(found), "-m", "pip", "--version"], capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.skipif(not SAM.exists(), reason="sam is not installed here; `make test` installs it"),
    pytest.mark.skipif(
        not _runs(RUNTIME), reason=f"`sam build` needs {RUNTIME} with pip on the PATH, and there is none"
    ),
]


def sam(*arguments: str, **environment: str) -> str:
    """Run sam; return what it said."""
    done = subprocess.run(
        [str(SAM), *arguments],
        cwd=ROOT,
        env={**os.environ, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": REGION, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build everything; what did not change since the last time comes from sam's own cache."""
    folder = tmp_path_factory.mktemp("sam")
    sam("build", "--cached", "--parallel", "--build-dir", str(folder / "build"),
        "--parameter-overrides", f"CodeSha256={code_sha256()}")  # fmt: skip
    return folder / "build"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.LocalAws]:
    running = process.start(tmp_path_factory.mktemp("localaws"))
    yield running
    process.stop(running)


@pytest.fixture(scope="module")
def deployed(built: Path, aws: process.LocalAws) -> dict[str, str]:
    """Deploy the control plane and one workload stack, and return the control plane's outputs."""
    accounts = " ".join(f"{stage.title()}AccountId={ACCOUNTS[stage]}" for stage in ("dev", "qa", "prod"))
    _deploy(aws, "tools", built / "template.yaml", "pressrun", f"{accounts} CodeSha256={code_sha256()}")
    stage = f"StageName=dev ToolsAccountId={ACCOUNTS['tools']}"
    _deploy(aws, "dev", ROOT / "stacks" / "workload.yaml", "pressrun-workload", stage)
    stack = aws.client("cloudformation").describe_stacks(StackName="pressrun")["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _deploy(aws: process.LocalAws, account: str, template: Path, stack: str, parameters: str) -> None:
    sam(
        "deploy", "--template-file", str(template), "--stack-name", stack, "--resolve-s3", "--region", REGION,
        "--no-confirm-changeset", "--no-progressbar", "--parameter-overrides", parameters,
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND",
        AWS_ENDPOINT_URL=aws.endpoint_url, AWS_ACCESS_KEY_ID=ACCOUNTS[account], AWS_SECRET_ACCESS_KEY="local",
    )  # fmt: skip


def code_sha256() -> str:
    return content.digest(ROOT, [ROOT / "layers", ROOT / "functions"])


def files(folder: Path) -> dict[str, str]:
    """Return the digests of a layer's files, without what each installer writes about itself, programs and headers.

    Of one release, each installer takes the wheel for the newest glibc it believes in: compiled files have names alone.
    """
    found = {}
    for path in content.files(folder):
        name = path.relative_to(folder).as_posix()
        if path.name not in WRITTEN_BY_INSTALLERS and not LEFT_OUT.match(name):
            compiled = path.suffix == ".so"
            found[name] = "compiled" if compiled else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.parametrize(("logical_id", "source"), [("CommonLayer", "common"), ("LoadTestLayer", "loadtest")])
def test_sam_makes_the_layer_that_the_local_deployment_makes(
    logical_id: str, source: str, built: Path, tmp_path: Path
) -> None:
    layers.fill(ROOT / "layers" / source, tmp_path / "python", ROOT / ".uv" / "bin" / "uv")
    assert files(built / logical_id / "python") == files(tmp_path / "python")


def test_sam_deploys_functions_that_answer(deployed: dict[str, str], aws: process.LocalAws) -> None:
    functions = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for page in aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName="pressrun")
        for resource in page["StackResourceSummaries"]
    }
    answer = _invoke(aws, functions["PlanReleaseFunction"], {})
    assert answer["errorType"] == "InvalidInputError"
    assert answer["errorMessage"].startswith("PlanRelease: release_id: Field required")


def test_sam_deploys_machines_that_call_published_versions(deployed: dict[str, str], aws: process.LocalAws) -> None:
    arn = deployed["PromoteReleaseStateMachineArn"]
    definition = json.loads(aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)["definition"])
    called = definition["States"]["PlanRelease"]["Arguments"]["FunctionName"]
    assert called.rsplit(":", 1)[-1].isdigit()


def test_sam_deploys_the_workload_stack(deployed: dict[str, str], aws: process.LocalAws) -> None:
    value = aws.client("ssm", "dev").get_parameter(Name="/pressrun/workload")["Parameter"]["Value"]
    assert json.loads(value) == {
        "kms_key_arn": None,
        "subnet_ids": [],
        "security_group_ids": [],
        "network_isolation": False,
        "execution_role_arn": f"arn:aws:iam::{ACCOUNTS['dev']}:role/pressrun-execution",
        "tags": {"pressrun:owner": "mlops", "pressrun:cost-center": "newsroom"},
    }


def _invoke(aws: process.LocalAws, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    answer = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(payload).encode())
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found
