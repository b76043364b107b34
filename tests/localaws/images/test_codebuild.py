from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.images.store import ImageStore
from tests.localaws import process
from tests.localaws.images import containers, projects
from tests.localaws.images.projects import Project, message, phases
from tests.localaws.images.test_store import ROOT, UV
from tests.localaws.overlay import resources
from tests.localaws.process import LocalAws


@pytest.fixture(scope="module")
def project(localaws: LocalAws) -> Project:
    return projects.make(localaws)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return containers.write(tmp_path_factory.mktemp("source"))


def build_image(project: Project, context: Path, tag: str = "src-1", **request: Any) -> dict[str, Any]:
    location = project.upload(projects.zipped(context))
    variables = [{"name": "IMAGE_URI", "value": project.image_uri(tag), "type": "PLAINTEXT"}]
    return project.ended(
        project.start(
            sourceTypeOverride="S3", sourceLocationOverride=location, environmentVariablesOverride=variables, **request
        )
    )


def test_a_build_pushes_the_image_of_its_source_under_its_tag(project: Project, context: Path) -> None:
    build = build_image(project, context)
    assert build["buildStatus"] == "SUCCEEDED", project.log(build)
    images = project.aws.client("ecr").describe_images(
        repositoryName=project.repository, imageIds=[{"imageTag": "src-1"}]
    )
    store = ImageStore(ROOT / ".localaws" / "images", UV)
    assert images["imageDetails"][0]["imageDigest"] == store.build(context).digest


def test_the_pushed_manifest_is_the_image_s(project: Project, context: Path) -> None:
    build_image(project, context)
    found = project.aws.client("ecr").batch_get_image(
        repositoryName=project.repository, imageIds=[{"imageTag": "src-1"}]
    )["images"][0]
    image = ImageStore(ROOT / ".localaws" / "images", UV).get(found["imageId"]["imageDigest"])
    assert found["imageManifest"].encode() == image.manifest


def test_the_same_image_may_be_pushed_again_under_an_immutable_tag(project: Project, context: Path) -> None:
    build_image(project, context, "src-2")
    again = build_image(project, context, "src-2")
    assert again["buildStatus"] == "SUCCEEDED", project.log(again)


def test_another_image_is_refused_under_an_immutable_tag(project: Project, context: Path, tmp_path: Path) -> None:
    build_image(project, context, "src-3")
    other = containers.write(tmp_path, app=containers.APP + "# other\n")
    refused = build_image(project, other, "src-3")
    assert phases(refused)["POST_BUILD"] == "FAILED"
    assert "tag invalid: The image tag 'src-3' already exists" in project.log(refused)


def test_a_dockerfile_that_is_not_understood_fails_the_build(project: Project, tmp_path: Path) -> None:
    source = containers.write(tmp_path, containers.DOCKERFILE + "HEALTHCHECK NONE\n")
    build = build_image(project, source, "src-4")
    assert (build["buildStatus"], phases(build)["BUILD"]) == ("FAILED", "FAILED")
    assert "Dockerfile:9: 'HEALTHCHECK NONE' is not supported" in project.log(build)


@pytest.mark.parametrize(
    ("action", "phase"),
    [
        ("logs:CreateLogStream", "PROVISIONING"),
        ("s3:GetObject", "DOWNLOAD_SOURCE"),
        ("ecr:GetAuthorizationToken", "PRE_BUILD"),
        ("ecr:PutImage", "POST_BUILD"),
        ("ecr:UploadLayerPart", "POST_BUILD"),
    ],
)
def test_a_permission_that_the_role_lacks_shows_where_it_is_needed(
    localaws: LocalAws, context: Path, action: str, phase: str
) -> None:
    project = projects.make(localaws, without=action)
    build = build_image(project, context)
    assert (build["buildStatus"], phases(build)[phase]) == ("FAILED", "FAILED")
    told = message(build, phase) if action.startswith(("logs", "s3")) else project.log(build)
    assert "is not authorized to perform: " + action in told or "AccessDenied" in told


def test_a_build_reports_every_phase_and_its_times(project: Project) -> None:
    build = project.run("true")
    assert [phase["phaseType"] for phase in build["phases"]] == [
        "SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE", "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD",
        "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED",
    ]  # fmt: skip
    assert set(phases(build).values()) == {"SUCCEEDED"}
    assert (build["buildComplete"], build["currentPhase"]) == (True, "COMPLETED")
    assert build["endTime"] >= build["startTime"]


def test_a_failed_command_fails_its_phase_and_leaves_out_the_rest_of_it(project: Project) -> None:
    build = project.run("echo before\nfalse\n")
    assert build["buildStatus"] == "FAILED"
    assert phases(build)["POST_BUILD"] == "SUCCEEDED"
    assert "exit status 1" in message(build, "BUILD")


def test_a_failure_before_the_build_phase_ends_the_build(project: Project) -> None:
    buildspec = "version: 0.2\nphases:\n  pre_build:\n    commands: ['exit 7']\n  build:\n    commands: [echo built]\n"
    build = project.ended(project.start(sourceTypeOverride="NO_SOURCE", buildspecOverride=buildspec))
    assert "exit status 7" in message(build, "PRE_BUILD")
    assert "BUILD" not in phases(build)
    assert phases(build)["FINALIZING"] == "SUCCEEDED"


def test_variables_functions_and_folder_go_from_phase_to_phase(project: Project) -> None:
    buildspec = """\
version: 0.2
env:
  variables: {GREETING: from buildspec}
  exported-variables: [RESULT]
phases:
  install:
    commands:
      - greet() { echo "greeted $1"; }
      - PLAIN="two words"; mkdir -p deep; cd deep
    finally:
      - echo finally run
  build:
    commands:
      - greet "$PLAIN in $(basename "$PWD")"
      - export RESULT="$GREETING, $CODEBUILD_BUILD_SUCCEEDING"
"""
    build = project.ended(project.start(sourceTypeOverride="NO_SOURCE", buildspecOverride=buildspec))
    log = project.log(build)
    assert build["buildStatus"] == "SUCCEEDED", log
    assert "greeted two words in deep" in log
    assert "finally run" in log
    assert build["exportedEnvironmentVariables"] == [{"name": "RESULT", "value": "from buildspec, 1"}]


def test_the_variables_of_the_request_go_before_the_project_s(project: Project) -> None:
    override = [{"name": "REGISTRY", "value": "of the request"}]
    assert "is of the request" in project.log(project.run("echo is $REGISTRY", environmentVariablesOverride=override))


def test_a_build_sees_nothing_of_the_host_s_environment(project: Project) -> None:
    log = project.log(project.run("env"))
    for name in ("PYTHONPATH=", "STATE_DIR=", "MINISTACK", "VIRTUAL_ENV="):
        assert name not in log


def test_commands_act_as_the_project_s_role(project: Project) -> None:
    python = ROOT / ".venv" / "bin" / "python"
    build = project.run(f'{python} -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\'')
    assert f"assumed-role/{project.role.rsplit('/', 1)[-1]}/AWSCodeBuild-" in project.log(build)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("aws s3 ls", "builds on this machine know only `aws ecr get-login-password`"),
        ("docker run ubuntu", "invalid choice: 'run'"),
        ("docker build --no-cache .", "unrecognized arguments: --no-cache"),
        ("docker build .", "no Dockerfile in the build context"),
        ("docker push 111111111111.dkr.ecr.us-east-1.amazonaws.com/a:b", "does not exist locally"),
        ("docker push elsewhere/a:b", "is not <account>.dkr.ecr"),
        ("echo guessed | docker login --username AWS --password-stdin $REGISTRY", "failed with status: 400"),
    ],
)
def test_what_docker_and_aws_cannot_do_here_is_said(project: Project, command: str, told: str) -> None:
    build = project.run(command)
    assert build["buildStatus"] == "FAILED"
    assert told in project.log(build)


def test_a_push_needs_a_login(project: Project, context: Path) -> None:
    buildspec = projects.BUILDSPEC.replace("aws ecr", "true || aws ecr")
    build = build_image(project, context, "src-5", buildspecOverride=buildspec)
    assert "no basic auth credentials" in project.log(build)


def test_a_tagged_image_is_pushed_under_its_other_name(project: Project, context: Path) -> None:
    retag = "docker build -t local . && docker tag local $IMAGE_URI"
    buildspec = projects.BUILDSPEC.replace("docker build -t $IMAGE_URI .", retag)
    build = build_image(project, context, "src-6", buildspecOverride=buildspec)
    assert build["buildStatus"] == "SUCCEEDED", project.log(build)


def test_docker_needs_a_privileged_project(localaws: LocalAws) -> None:
    project = projects.make(localaws, privileged=False)
    assert "the project's environment needs privilegedMode" in project.log(project.run("docker build ."))


def test_a_stopped_build_ends_at_once_with_all_its_processes(project: Project, tmp_path: Path) -> None:
    mark = tmp_path / "started"
    command = f"(touch {mark}; sleep 600) & sleep 600"
    buildspec = f"version: 0.2\nphases:\n  build:\n    commands:\n      - '{command}'\n"
    build_id = project.start(sourceTypeOverride="NO_SOURCE", buildspecOverride=buildspec)
    resources.until(mark.exists)
    stopped = project.aws.client("codebuild").stop_build(id=build_id)["build"]
    assert stopped["buildStatus"] == "STOPPED"
    assert phases(project.build(build_id))["BUILD"] == "STOPPED"


def test_stopping_a_build_that_has_ended_changes_nothing(project: Project) -> None:
    build = project.run("true")
    assert project.aws.client("codebuild").stop_build(id=build["id"])["build"]["buildStatus"] == "SUCCEEDED"


def test_the_same_token_starts_one_build(project: Project) -> None:
    buildspec = "version: 0.2\nphases:\n  build:\n    commands: ['true']\n"
    request = {"sourceTypeOverride": "NO_SOURCE", "buildspecOverride": buildspec, "idempotencyToken": "once"}
    first = project.start(**request)
    assert project.start(**request) == first
    with pytest.raises(ClientError, match="idempotencyToken was used with other parameters"):
        project.start(**request | {"buildspecOverride": buildspec + "\n"})
    project.ended(first)


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"imageOverride": "other"}, "imageOverride: not emulated"),
        ({"sourceTypeOverride": "GITHUB"}, "source type GITHUB is not emulated"),
        ({"sourceTypeOverride": "S3", "sourceLocationOverride": "bucket/folder/"}, "expected bucket/key.zip"),
        ({"environmentVariablesOverride": [{"name": "A", "value": "b", "type": "PARAMETER_STORE"}]}, "PARAMETER_STORE"),
        ({"buildspecOverride": "buildspec.yml"}, "needs a buildspec of its own"),
    ],
)
def test_what_a_build_cannot_do_is_refused_at_its_start(project: Project, request_: Any, told: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidInputException.*{told}"):
        project.start(**request_)


def test_a_buildspec_that_is_not_understood_is_named(project: Project) -> None:
    build = project.ended(project.start(buildspecOverride="version: 0.2\nphases: {build: {}}\nreports: {}\n"))
    assert "buildspec has reports" in message(build, "DOWNLOAD_SOURCE")


def test_a_source_may_bring_its_buildspec(project: Project, tmp_path: Path) -> None:
    (tmp_path / "buildspec.yml").write_text("version: 0.2\nphases:\n  build:\n    commands: [echo of the source]\n")
    location = project.upload(projects.zipped(tmp_path), "own.zip")
    request = {"sourceTypeOverride": "S3", "sourceLocationOverride": location, "buildspecOverride": "buildspec.yml"}
    assert "of the source" in project.log(project.ended(project.start(**request)))


def test_a_missing_source_is_named(project: Project) -> None:
    location = f"{project.bucket}/absent.zip"
    build = project.ended(project.start(sourceTypeOverride="S3", sourceLocationOverride=location))
    assert phases(build)["DOWNLOAD_SOURCE"] == "FAILED"
    assert "NoSuchKey" in message(build, "DOWNLOAD_SOURCE")


def test_changes_of_a_build_s_state_are_events(localaws: LocalAws, project: Project) -> None:
    pattern = {"source": ["aws.codebuild"], "detail": {"project-name": [project.name]}}
    events = resources.event_queue(localaws, pattern)
    build = project.run("false")
    received = resources.until(lambda: len(events()) == 2 and events())
    assert [entry["detail-type"] for entry in received] == ["CodeBuild Build State Change"] * 2
    assert {entry["detail"]["build-status"] for entry in received} == {"IN_PROGRESS", "FAILED"}
    assert all(entry["detail"]["build-id"] == build["arn"] == entry["resources"][0] for entry in received)


def test_a_state_machine_starts_a_build_and_asks_how_it_goes(localaws: LocalAws, project: Project) -> None:
    start = {
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:codebuild:startBuild", "Next": "Check",
        "Arguments": {
            "ProjectName": project.name,
            "BuildspecOverride": "version: 0.2\nphases: {build: {commands: ['true']}}\n",
            "EnvironmentVariablesOverride": [{"Name": "A", "Value": "b", "Type": "PLAINTEXT"}],
            "IdempotencyToken": resources.unique("token"),
        },
        "Assign": {"id": "{% $states.result.Build.Id %}"},
    }  # fmt: skip
    check = {
        "Type": "Task", "Resource": "arn:aws:states:::aws-sdk:codebuild:batchGetBuilds", "Next": "HasEnded",
        "Arguments": {"Ids": ["{% $id %}"]}, "Output": "{% $states.result.Builds[0].BuildStatus %}",
    }  # fmt: skip
    again = [{"Condition": "{% $states.input = 'IN_PROGRESS' %}", "Next": "Wait"}]
    states = {
        "Start": start,
        "Check": check,
        "HasEnded": {"Type": "Choice", "Choices": again, "Default": "Ended"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Check"},
        "Ended": {"Type": "Succeed"},
    }
    done = resources.run(localaws, {"QueryLanguage": "JSONata", "StartAt": "Start", "States": states})
    assert (done["status"], done.get("output")) == ("SUCCEEDED", '"SUCCEEDED"')


def test_no_build_outlives_the_embedded_aws(tmp_path: Path) -> None:
    aws = process.start(tmp_path / "state")
    mark = tmp_path / "pid"
    try:
        project = projects.make(aws)
        commands = f"version: 0.2\nphases:\n  build:\n    commands: ['echo $$ > {mark}; sleep 600']\n"
        project.start(sourceTypeOverride="NO_SOURCE", buildspecOverride=commands)
        resources.until(lambda: mark.exists() and mark.read_text().strip())
    finally:
        process.stop(aws)
    assert not Path(f"/proc/{mark.read_text().strip()}").exists()


TEMPLATE = """\
Resources:
  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: %(group)s}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: sts:AssumeRole, Principal: {Service: %(service)s.amazonaws.com}}
      Policies:
        - PolicyName: log
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Effect: Allow, Action: [logs:CreateLogStream, logs:PutLogEvents], Resource: !GetAtt Log.Arn}
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      Name: %(group)s
      ServiceRole: !GetAtt Role.Arn
      Artifacts: {Type: NO_ARTIFACTS}
      Environment: {Type: LINUX_CONTAINER, ComputeType: BUILD_GENERAL1_SMALL, Image: any, PrivilegedMode: true}
      LogsConfig: {CloudWatchLogs: {Status: ENABLED, GroupName: !Ref Log}}
      ConcurrentBuildLimit: 1
      Source:
        Type: NO_SOURCE
        BuildSpec: |
          version: 0.2
          phases:
            build:
              commands: [echo of the stack, 'sleep ${SECONDS_LEFT:-0}']
%(more)s
"""


def deployed(aws: LocalAws, *, service: str = "codebuild", more: str = "") -> Project:
    """Deploy a stack with one project, whose role may write its log group alone."""
    name = resources.unique("stack")
    client = aws.client("cloudformation")
    client.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE % {"group": name, "service": service, "more": more},
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    status = resources.until(lambda: _settled(client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]))
    assert status == "CREATE_COMPLETE"
    return Project(aws, name, "", "", "")


def _settled(status: str) -> str:
    return "" if status.endswith("IN_PROGRESS") else status


def test_the_project_of_a_stack_writes_the_log_group_that_its_role_may_write(localaws: LocalAws) -> None:
    project = deployed(localaws)
    build = project.ended(project.start())
    assert build["buildStatus"] == "SUCCEEDED", build["phases"]
    assert build["logs"]["groupName"] == project.name
    assert "of the stack" in project.log(build)


def test_a_project_is_shown_as_its_stack_made_it(localaws: LocalAws) -> None:
    project = deployed(localaws)
    found = localaws.client("codebuild").batch_get_projects(names=[project.name])["projects"][0]
    assert found["logsConfig"] == {"cloudWatchLogs": {"status": "ENABLED", "groupName": project.name}}
    assert found["concurrentBuildLimit"] == 1
    assert "sourceVersion" not in found


def test_more_builds_than_the_project_s_limit_are_not_started(localaws: LocalAws) -> None:
    project = deployed(localaws)
    first = project.start(environmentVariablesOverride=[{"name": "SECONDS_LEFT", "value": "600"}])
    with pytest.raises(ClientError, match=r"AccountLimitExceededException.*runs 1 builds"):
        project.start()
    localaws.client("codebuild").stop_build(id=first)


def test_a_role_that_does_not_trust_codebuild_is_not_used(localaws: LocalAws) -> None:
    project = deployed(localaws, service="lambda")
    build = project.ended(project.start())
    assert "CodeBuild is not authorized to perform: sts:AssumeRole" in message(build, "PROVISIONING")


def test_a_setting_of_a_stack_s_project_that_has_no_effect_here_fails_the_stack(localaws: LocalAws) -> None:
    with pytest.raises(AssertionError, match="ROLLBACK_COMPLETE"):
        deployed(localaws, more="      FileSystemLocations: []")


def test_a_setting_of_a_project_that_has_no_effect_here_is_refused(localaws: LocalAws) -> None:
    with pytest.raises(ClientError, match="buildBatchConfig: not emulated"):
        localaws.client("codebuild").create_project(
            name=resources.unique("project"),
            source={"type": "NO_SOURCE"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "LINUX_CONTAINER", "image": "any", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole="arn:aws:iam::111111111111:role/any",
            buildBatchConfig={},
        )
