"""The whole installation: the control plane in the tools account, then one workload stack per stage."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localaws.deploy import content, people, stacks, templates
from localaws.deploy.artifacts import Uploads
from localaws.deploy.clients import Clients
from localaws.settings import ACCOUNTS, REGION, Settings

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("dev", "qa", "prod")
CONTROL_PLANE = "pressrun"
WORKLOAD = "pressrun-workload"

Outputs = dict[str, dict[str, str]]
Say = Callable[[str], None]


def deploy(settings: Settings, cache: Path, say: Say) -> Outputs:
    """Deploy everything, or what changed; return each account's stack outputs by the account's name."""
    clients = Clients(settings.endpoint_url)
    deployment = _Deployment(clients, cache, settings.uv)
    say("deploying the control plane into the tools account")
    outputs = {"tools": deployment.control_plane()}
    people.settle(
        clients.of("iam", "tools"), [outputs["tools"]["OperatorPolicyArn"], outputs["tools"]["PublisherPolicyArn"]]
    )
    for stage in STAGES:
        say(f"deploying the workload stack into the {stage} account")
        outputs[stage] = deployment.workload(stage)
    return outputs


def write(outputs: Outputs, settings: Settings, folder: Path) -> None:
    """Leave what shells and programs need to reach the installation."""
    exports = {
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER": settings.endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.runtime_url,
        "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": settings.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCOUNTS["tools"],
        "AWS_SECRET_ACCESS_KEY": "local",
        "PRESSRUN_APPROVALS_URL": outputs["tools"]["ApprovalsUrl"],
    }
    lines = [f"export {name}={value}\n" for name, value in exports.items()]
    (folder / "env").write_text("".join(lines))
    (folder / "outputs.json").write_text(json.dumps(outputs, indent=2) + "\n")


class _Deployment:
    """One run over all accounts."""

    def __init__(self, clients: Clients, cache: Path, uv: Path) -> None:
        self._clients = clients
        self._cache = cache
        self._uv = uv

    def control_plane(self) -> dict[str, str]:
        """Deploy `template.yaml`."""
        parameters = {f"{stage.title()}AccountId": ACCOUNTS[stage] for stage in STAGES}
        parameters["CodeSha256"] = content.digest(ROOT, [ROOT / "layers", ROOT / "functions"])
        return self._stack("tools", CONTROL_PLANE, "template.yaml", parameters)

    def workload(self, stage: str) -> dict[str, str]:
        """Deploy `stacks/workload.yaml` into a stage's account."""
        parameters = {"StageName": stage, "ToolsAccountId": ACCOUNTS["tools"]}
        return self._stack(stage, WORKLOAD, "stacks/workload.yaml", parameters)

    def _stack(self, account: str, name: str, path: str, parameters: dict[str, str]) -> dict[str, str]:
        uploads = Uploads(
            self._clients.of("s3", account), f"pressrun-deploy-{ACCOUNTS[account]}", ROOT, self._cache, self._uv
        )
        uploads.prepare()
        template: dict[str, Any] = templates.packaged(templates.load(ROOT / path), uploads.path)
        bucket, key = uploads.body(Path(path).name, json.dumps(template).encode())
        url = f"{self._clients.endpoint_url}/{bucket}/{key}"
        return stacks.deploy(self._clients.of("cloudformation", account), name, url, parameters)
