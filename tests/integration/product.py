"""The whole product on an embedded AWS of its own, and the smallest service there can be."""

import io
import json
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from localaws.images.store import ImageStore
from localaws.settings import ACCOUNTS, REGION
from pressrun.canonical import canonical, digest
from pressrun.service.spec import ServiceSpec
from tests.localaws.process import ROOT, free_port

PYTHON = ROOT / ".localaws" / "venv" / "bin" / "python"
PATIENCE = 300.0
GOLDEN = [{"id": f"case-{n}", "request": {"text": f"Story {n}"}, "expected": {"text": f"Story {n}"}} for n in range(3)]
SAMPLES = [{"request": {"text": f"Story {n}"}} for n in range(3)]
SMALL = "ml.t2.medium"  # the instance type whose memory is next to nothing here
CLOSED = {"promoted", "rejected", "rolled_back", "superseded"}


@dataclass
class Product:
    """A deployed installation."""

    folder: Path
    port: int
    data_port: int

    @cached_property
    def outputs(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = json.loads((self.folder / "outputs.json").read_text())
        return found

    def client(self, service: str, account: str = "tools", credentials: dict[str, str] | None = None) -> Any:
        """Return a client: of an account's root, or of whoever the credentials belong to."""
        port = self.data_port if service == "sagemaker-runtime" else self.port
        found = credentials or {"AccessKeyId": ACCOUNTS[account], "SecretAccessKey": "local"}
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name=REGION,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found.get("SessionToken"),
            config=Config(inject_host_prefix=False, s3={"addressing_style": "path"}),
        )

    def session(self, person: str) -> dict[str, str]:
        """Return credentials of a person."""
        role = f"arn:aws:iam::{ACCOUNTS['tools']}:role/{person}"
        found: dict[str, str] = self.client("sts").assume_role(RoleArn=role, RoleSessionName=person)["Credentials"]
        return found

    def table(self, name: str) -> Any:
        """Return a table of the tools account by the name of its output."""
        make: Any = boto3.resource
        resource = make(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name=REGION,
            aws_access_key_id=ACCOUNTS["tools"],
            aws_secret_access_key="local",
        )
        return resource.Table(self.outputs["tools"][name])

    def release(self, release_id: str) -> dict[str, Any]:
        """Return a release's record."""
        key = {"release_id": release_id, "record": "release"}
        return dict(self.table("ReleasesTableName").get_item(Key=key, ConsistentRead=True).get("Item", {}))

    def stage(self, service: str, stage: str) -> dict[str, Any]:
        """Return an item of the endpoints table."""
        key = {"service": service, "stage": stage}
        return dict(self.table("EndpointsTableName").get_item(Key=key, ConsistentRead=True).get("Item", {}))

    def endpoint(self, service: str, stage: str = "prod") -> dict[str, Any]:
        """Return an endpoint of a workload account as SageMaker describes it."""
        return dict(self.client("sagemaker", stage).describe_endpoint(EndpointName=service))

    def post(self, path: str, body: dict[str, Any], person: str = "alice") -> dict[str, Any]:
        """Call the HTTP API as a person."""
        given = self.session(person)
        credentials = Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        url = self.outputs["tools"]["ApprovalsUrl"].rstrip("/") + path
        request = AWSRequest("POST", url, data=json.dumps(body), headers={"content-type": "application/json"})
        SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
        answer = URLLib3Session(timeout=60).send(request.prepare())
        assert answer.status_code < 300, answer.text
        found: dict[str, Any] = json.loads(answer.content)
        return found

    def answer(self, service: str, stage: str = "prod") -> Any:
        """Ask an endpoint to echo a word."""
        runtime = self.client("sagemaker-runtime", stage)
        body = json.dumps({"text": "ping"}).encode()
        answered = runtime.invoke_endpoint(EndpointName=service, Body=body, ContentType="application/json")
        return json.loads(answered["Body"].read())["text"]


@dataclass
class Echo:
    """One service of the installation."""

    product: Product
    name: str
    documents: dict[str, bytes]

    def register(self, word: str = "good", archive: bytes | None = None, **parts: Any) -> str:
        """Register a package of a model that behaves as the word says; return its ARN.

        Args:
            word: what stands in the model.
            archive: in place of the model's.
            parts: keys of the package's description that are different.
        """
        key = f"packages/{self.name}/{uuid.uuid4().hex}/model.tar.gz"
        bucket = self.product.outputs["tools"]["ArtifactsBucketName"]
        body = packed({"model.txt": word.encode()}) if archive is None else archive
        self.product.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
        image = f"{ACCOUNTS['tools']}.dkr.ecr.{REGION}.amazonaws.com/pressrun/{self.name}:1"
        specification = {
            "Containers": [{"Image": image, "ModelDataUrl": f"s3://{bucket}/{key}"}],
            "SupportedContentTypes": ["application/json"],
            "SupportedResponseMIMETypes": ["application/json"],
        }
        description = {"InferenceSpecification": specification, "ModelApprovalStatus": "PendingManualApproval", **parts}
        created = self.product.client("sagemaker").create_model_package(ModelPackageGroupName=self.name, **description)
        return str(created["ModelPackageArn"])

    def approve(self, word: str = "good", archive: bytes | None = None, person: str | None = None, **parts: Any) -> str:
        """Approve a new package, as the account or as a person, and return the id of the release that opens."""
        arn = self.register(word, archive, **parts)
        self.judge(arn, "Approved", person)
        return self.opened(arn)

    def judge(self, arn: str, status: str, person: str | None = None) -> None:
        """Set a package's approval."""
        registry = self.product.client("sagemaker", credentials=self.product.session(person) if person else None)
        registry.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)

    def opened(self, arn: str) -> str:
        """Wait until a package's approval has become a release that runs or was refused; return the release's id."""
        key = {"release_id": f"package#{arn}", "record": "approval"}
        table = self.product.table("ReleasesTableName")
        item = until(lambda: table.get_item(Key=key, ConsistentRead=True).get("Item"))
        release_id = str(item["claimed_by"])
        until(
            lambda: (
                self.product.release(release_id).get("execution_arn") or self.product.release(release_id).get("failure")
            )
        )
        return release_id

    def ended(self, release_id: str) -> dict[str, Any]:
        """Wait until a release has ended, and return its record."""

        def closed() -> dict[str, Any] | None:
            found = self.product.release(release_id)
            return found if found.get("status") in CLOSED else None

        record: dict[str, Any] = until(closed)
        return record

    def promoted(self, word: str = "good") -> str:
        """Take a new package all the way to prod."""
        release_id = self.approve(word)
        record = self.ended(release_id)
        assert record["status"] == "promoted", record
        return release_id


@contextmanager
def installed(folder: Path) -> Iterator[Product]:
    """Start an embedded AWS, deploy everything into it, and stop it at the end."""
    product = Product(folder, free_port(), free_port())
    timing = ["--delay-factor", "0.005", "--metric-lag", "1"]
    ports = ["--port", str(product.port), "--data-port", str(product.data_port), "--memory", f"{SMALL}=96"]
    _run(folder, "up", *ports, *timing)
    try:
        yield product
    finally:
        _run(folder, "down")


def echo(product: Product, **changes: Any) -> Echo:
    """Publish a service of its own; the changes are keys of its spec."""
    name = f"echo-{uuid.uuid4().hex[:6]}"
    spec = {
        "name": name,
        "owner": "tests",
        "stages": {
            "dev": {"load_test": None},
            "qa": {"load_test": None},
            "prod": {"approval": None, "instances": {"min": 1, "max": 2}},
        },
        "rollout": {"warmup_seconds": 0, "bake_seconds": 10, "watch_seconds": 10, "deadline_seconds": 600},
        **changes,
    }
    service = Echo(product, name, _documents(ServiceSpec.model_validate(spec)))
    publish(service, service.documents)
    _push_image(product, name)
    product.client("sagemaker").create_model_package_group(ModelPackageGroupName=name)
    return service


def until(found: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Return the first true answer of a question that is asked again and again."""
    give_up = time.monotonic() + patience
    while not (answer := found()):
        assert time.monotonic() < give_up, "nothing came of it"
        time.sleep(0.2)
    return answer


def publish(service: Echo, documents: dict[str, bytes]) -> None:
    """Put a spec and what belongs to it straight into the bucket, as they are."""
    revision = digest({name: body.decode() for name, body in documents.items()})
    product, name = service.product, service.name
    bucket, s3 = product.outputs["tools"]["ArtifactsBucketName"], product.client("s3")
    for file, body in documents.items():
        s3.put_object(Bucket=bucket, Key=f"specs/{name}/{revision}/{file}", Body=body)
    s3.put_object(Bucket=bucket, Key=f"specs/{name}/newest.json", Body=canonical({"digest": revision}))
    s3.put_object(Bucket=bucket, Key=f"groups/{name}.json", Body=canonical({"service": name}))


def _documents(spec: ServiceSpec) -> dict[str, bytes]:
    golden, load = ("\n".join(json.dumps(line) for line in lines).encode() for lines in (GOLDEN, SAMPLES))
    return {"service.json": canonical(spec.model_dump(mode="json")), "golden.jsonl": golden, "load.jsonl": load}


def _push_image(product: Product, name: str) -> None:
    image = ImageStore(ROOT / ".localaws/images", ROOT / ".uv/bin/uv").build(Path(__file__).parent / "echo")
    ecr, repository = product.client("ecr"), f"pressrun/{name}"
    ecr.create_repository(repositoryName=repository)
    ecr.put_image(repositoryName=repository, imageManifest=image.manifest.decode(), imageTag="1")
    readers = [f"arn:aws:iam::{ACCOUNTS[stage]}:root" for stage in ("dev", "qa", "prod")]
    pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": readers}, "Action": pull}]}
    ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(policy))


def packed(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    """Return an archive of files, and of members that are none."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return body.getvalue()


def _run(folder: Path, what: str, *arguments: str) -> None:
    command = [str(PYTHON), f"localaws/{what}.py", "--dir", str(folder), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"localaws/{what}.py ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
