"""CodeBuild projects with all they need, made for one test."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.localaws.overlay import resources
from tests.localaws.overlay.resources import Statement
from tests.localaws.process import LocalAws

PUSH = (
    "ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
    "ecr:PutImage", "ecr:BatchGetImage",
)  # fmt: skip
BUILDSPEC = """\
version: 0.2
phases:
  pre_build:
    commands:
      - aws ecr get-login-password --region $AWS_REGION | docker login --username AWS --password-stdin $REGISTRY
  build:
    commands:
      - docker build -t $IMAGE_URI .
  post_build:
    commands:
      - docker push $IMAGE_URI
"""


@dataclass
class Project:
    """A project, its bucket, its repository and its role."""

    aws: LocalAws
    name: str
    bucket: str
    repository: str
    role: str

    @property
    def registry(self) -> str:
        return "111111111111.dkr.ecr.us-east-1.amazonaws.com"

    def image_uri(self, tag: str) -> str:
        return f"{self.registry}/{self.repository}:{tag}"

    def upload(self, content: bytes, key: str = "source.zip") -> str:
        """Put a source into the bucket; return its location."""
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=content)
        return f"{self.bucket}/{key}"

    def start(self, **request: Any) -> str:
        """Start a build and return its id."""
        return str(self.aws.client("codebuild").start_build(projectName=self.name, **request)["build"]["id"])

    def build(self, build_id: str) -> dict[str, Any]:
        """Return a build as it is now."""
        found: dict[str, Any] = self.aws.client("codebuild").batch_get_builds(ids=[build_id])["builds"][0]
        return found

    def ended(self, build_id: str) -> dict[str, Any]:
        """Return a build once it has ended."""
        resources.until(lambda: self.build(build_id)["buildStatus"] != "IN_PROGRESS", 60)
        return self.build(build_id)

    def run(self, commands: str, **request: Any) -> dict[str, Any]:
        """Run commands of a build phase, without a source, to their end."""
        lines = "\n".join(f"      {line}" for line in f"- |\n{_indented(commands)}".splitlines())
        buildspec = f"version: 0.2\nphases:\n  build:\n    commands:\n{lines}\n"
        return self.ended(self.start(sourceTypeOverride="NO_SOURCE", buildspecOverride=buildspec, **request))

    def log(self, build: dict[str, Any]) -> str:
        """Return a build's output as CloudWatch Logs has it."""
        target = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
        events = self.aws.client("logs").get_log_events(**target, startFromHead=True, limit=10_000)["events"]
        return "\n".join(event["message"] for event in events)


def phases(build: dict[str, Any]) -> dict[str, str]:
    """Return the status of each phase that has one."""
    return {phase["phaseType"]: phase["phaseStatus"] for phase in build["phases"] if "phaseStatus" in phase}


def message(build: dict[str, Any], phase: str) -> str:
    """Return what a phase says about its end."""
    found = next(entry for entry in build["phases"] if entry["phaseType"] == phase)
    return str(found["contexts"][0]["message"])


def statements(bucket: str, repository: str, *, without: str = "") -> list[Statement]:
    """Return what a role that builds and pushes needs, and no more; `without` leaves one action out."""
    wanted = {
        f"arn:aws:s3:::{bucket}/*": ("s3:GetObject",),
        "*": ("ecr:GetAuthorizationToken",),
        f"arn:aws:ecr:us-east-1:111111111111:repository/{repository}": PUSH,
        "arn:aws:logs:us-east-1:111111111111:log-group:/aws/codebuild/*": (
            "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
        ),
    }  # fmt: skip
    return [
        {"Effect": "Allow", "Action": [action for action in actions if action != without] or ["none:None"],
         "Resource": resource}
        for resource, actions in wanted.items()
    ]  # fmt: skip


def make(aws: LocalAws, *, without: str = "", privileged: bool = True, buildspec: str = BUILDSPEC) -> Project:
    """Make a project that builds an image and pushes it."""
    name, bucket, repository = (resources.unique(prefix) for prefix in ("project", "sources", "pressrun/service"))
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("ecr").create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    role = resources.role(aws, statements(bucket, repository, without=without), service="codebuild")
    aws.client("codebuild").create_project(
        name=name,
        source={"type": "NO_SOURCE", "buildspec": buildspec},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/standard:7.0",
            "computeType": "BUILD_GENERAL1_SMALL",
            "privilegedMode": privileged,
            "environmentVariables": [{"name": "REGISTRY", "value": "111111111111.dkr.ecr.us-east-1.amazonaws.com"}],
        },
        serviceRole=role,
    )
    return Project(aws, name, bucket, repository, role)


def zipped(folder: Path) -> bytes:
    """Zip a folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder).as_posix())
    return packed.getvalue()


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
