"""A workload account with everything an endpoint needs, for tests."""

import io
import json
import tarfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from localaws.images.store import ImageStore
from localaws.settings import ACCOUNTS
from tests.localaws.process import ROOT, LocalAws

REPOSITORY = "pressrun/twin-test"
BUCKET = "twin-test-models"
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
EXECUTION = {
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
        {
            "Effect": "Allow",
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": f"arn:aws:ecr:us-east-1:{ACCOUNTS['tools']}:repository/{REPOSITORY}",
        },
    ]
}


@dataclass
class Workload:
    """The dev account, ready to create models from the tools account's image and archives."""

    localaws: LocalAws
    image: str
    digest: str
    role: str

    @cached_property
    def sagemaker(self) -> Any:
        return self.localaws.client("sagemaker", "dev")

    @cached_property
    def runtime(self) -> Any:
        return self.localaws.client("sagemaker-runtime", "dev")

    def archive(self, text: str) -> str:
        """Upload a model archive that holds a text, and return its URL."""
        url = f"{uuid.uuid4().hex}/model.tar.gz"
        self.localaws.client("s3").put_object(Bucket=BUCKET, Key=url, Body=packed({"model.txt": text}))
        return f"s3://{BUCKET}/{url}"

    def model(self, answer: str = "", *, data: str | None = None, starts: str = "yes", gate: Path | None = None) -> str:
        """Create a model and return its name; its containers start only while the gate is there."""
        name = f"model-{uuid.uuid4().hex[:8]}"
        environment = {"ANSWER": answer, "STARTS": starts, **({"GATE": str(gate)} if gate else {})}
        container: dict[str, Any] = {"Image": self.image, "Environment": environment}
        if data:
            container["ModelDataUrl"] = data
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        return name

    def config(self, variants: list[dict[str, Any]], **more: Any) -> str:
        """Create an endpoint config of variants, given by ModelName and what differs from one small instance."""
        name = f"config-{uuid.uuid4().hex[:8]}"
        full = [
            {"VariantName": "stable", "InstanceType": "ml.c6i.large", "InitialInstanceCount": 1, **variant}
            for variant in variants
        ]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=full, **more)
        return name

    def endpoint(self, config: str, **more: Any) -> str:
        """Create an endpoint and wait until it serves."""
        name = f"endpoint-{uuid.uuid4().hex[:8]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        self.settled(name)
        return name

    def settled(self, name: str) -> dict[str, Any]:
        """Wait until nothing changes an endpoint any more, and return its description."""
        found: dict[str, Any] = wait_for(lambda: self._quiet(name))
        return found

    def invoke(self, endpoint: str, body: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Invoke an endpoint; what the container said is under `Said`."""
        answer = self.runtime.invoke_endpoint(
            EndpointName=endpoint, Body=json.dumps(body or {}).encode(), ContentType="application/json", **more
        )
        return {**answer, "Said": json.loads(answer["Body"].read())}

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint and wait until it is gone."""
        self.sagemaker.delete_endpoint(EndpointName=endpoint)
        wait_for(lambda: endpoint not in [each["EndpointName"] for each in self._listed()] or None)

    def _listed(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = self.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]
        return listed

    def _quiet(self, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return found if found["EndpointStatus"] in ("InService", "Failed") else None


def wait_for(found: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while (answer := found()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing came of {found} in {seconds} s")
        time.sleep(0.05)
    return answer


def packed(files: dict[str, str]) -> bytes:
    """Return a gzipped archive of texts."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def prepare(localaws: LocalAws) -> Workload:
    """Build and push the test's image, share it and a bucket with the dev account, make an execution role there."""
    image = ImageStore(ROOT / ".localaws/images", ROOT / ".uv/bin/uv").build(Path(__file__).parent / "container")
    ecr = localaws.client("ecr")
    ecr.create_repository(repositoryName=REPOSITORY)
    ecr.put_image(repositoryName=REPOSITORY, imageManifest=image.manifest.decode(), imageTag="1")
    dev = {"AWS": f"arn:aws:iam::{ACCOUNTS['dev']}:root"}
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    shared = {"Statement": [{"Effect": "Allow", "Principal": dev, "Action": pull}]}
    ecr.set_repository_policy(repositoryName=REPOSITORY, policyText=json.dumps(shared))
    s3 = localaws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    read = {"Effect": "Allow", "Principal": dev, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Statement": [read]}))
    role = make_role(localaws, "twin-test-execution", TRUST, EXECUTION)
    return Workload(localaws, f"{ACCOUNTS['tools']}.dkr.ecr.us-east-1.amazonaws.com/{REPOSITORY}:1", image.digest, role)


def make_role(
    localaws: LocalAws, name: str, trust: dict[str, Any], policy: dict[str, Any], account: str = "dev"
) -> str:
    """Create a role with one policy, and return its ARN."""
    iam = localaws.client("iam", account)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=json.dumps(policy))
    return str(arn)
