"""Runs one build: fetches its source, runs its buildspec, reports each phase."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.images.buildlog import BuildLog, LogStream
from localaws.images.buildspec import Buildspec, BuildspecError, Phase
from localaws.images.fetch import download, read_buildspec
from localaws.images.processes import LateError, Processes, StoppedError
from localaws.images.record import Record
from localaws.images.role import check_trust
from localaws.images.shell import exported_values, write_script
from localaws.images.source import SourceError
from localaws.images.workspace import Engine, Workspace
from localaws.overlay.identity import AccessDeniedError, session_for_role
from localaws.settings import REGION, Settings

PROVISIONING_SECONDS = 20.0  # an assumption: AWS documents none
logger = logging.getLogger("localaws.images")


class PhaseError(Exception):
    """A phase ended badly, and the build ends with `status` unless its buildspec goes on."""

    def __init__(self, code: str, message: str, status: str = "FAILED") -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Build(threading.Thread):
    """One build, in a thread of its own."""

    def __init__(
        self, settings: Settings, record: Record, project: dict[str, Any], variables: dict[str, str], engine: Engine
    ) -> None:
        super().__init__(name=record.id, daemon=True)
        self._settings = settings
        self._record = record
        self.project = str(project["arn"])
        self._role = str(project["serviceRole"])
        self._variables = variables
        self._engine = engine
        self._workspace = Workspace(settings.state_dir / "builds" / record.id.replace(":", "_"))
        self._processes = Processes(60 * record.document["timeoutInMinutes"])
        self._status = "SUCCEEDED"

    def stop(self) -> None:
        """End the build now."""
        self._processes.stop()

    def run(self) -> None:
        """Run the build to its end, whatever that is."""
        try:
            self._record.announce()
            self._run()
        except PhaseError as error:
            logger.info("build %s: %s", self._record.id, error)
        except Exception:
            logger.exception("build %s broke", self._record.id)
            self._status = "FAULT"
        self._record.finish(self._status)
        self._record.announce()

    def _run(self) -> None:
        for name in ("SUBMITTED", "QUEUED"):
            with self._phase(name):
                self._processes.check()
        with self._phase("PROVISIONING"):
            session, stream = self._provision()
        log = BuildLog(self._workspace.folder / "build.log", stream)
        try:
            with self._phase("DOWNLOAD_SOURCE"):
                buildspec = self._fetch(session)
            self._run_phases(buildspec, session, log)
        except PhaseError as error:
            log.say(f"Phase context status code: {error.code} Message: {error}")
            raise
        finally:
            self._processes.kill()
            for name in ("UPLOAD_ARTIFACTS", "FINALIZING"):
                with self._phase(name):
                    log.say(f"Entering phase {name}")
            log.close()

    @contextlib.contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        """Report a phase."""
        self._record.begin(name)
        try:
            with _translated(self._record.document["timeoutInMinutes"]):
                yield
        except PhaseError as error:
            self._status = error.status
            self._record.end(error.status, error.code, str(error))
            raise
        except Exception as error:
            self._record.end("FAULT", "INTERNAL_ERROR", repr(error))
            raise
        self._record.end("SUCCEEDED")

    def _provision(self) -> tuple[dict[str, str], LogStream | None]:
        """Make the folder, act as the role, open the log."""
        self._processes.wait(PROVISIONING_SECONDS * self._settings.delay_factor)
        self._workspace.create(self._engine)
        logs = self._record.document["logs"]
        try:
            check_trust(self._role)
            session = session_for_role(self._role, f"AWSCodeBuild-{self._record.id.split(':')[-1]}")
            client = self._client("logs", session)
            stream = LogStream(client, logs["groupName"], logs["streamName"]) if "groupName" in logs else None
            if stream:
                stream.create()
        except (AccessDeniedError, ClientError) as error:
            message = f"Service role {self._role} does not allow AWS CodeBuild to write its log. Error message: {error}"
            raise PhaseError("ACCESS_DENIED", message) from error
        return session, stream

    def _client(self, service: str, session: dict[str, str]) -> Any:
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self._settings.endpoint_url,
            region_name=REGION,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            config=Config(retries={"total_max_attempts": 2}),
        )

    def _fetch(self, session: dict[str, str]) -> Buildspec:
        wanted, workspace = self._record.document["source"], self._workspace
        if wanted["type"] == "S3":
            version = self._record.document.get("sourceVersion")
            archive = workspace.folder / "source.zip"
            download(self._client("s3", session), wanted["location"], version, workspace.source, archive)
        return read_buildspec(wanted.get("buildspec"), workspace.source)

    def _run_phases(self, buildspec: Buildspec, session: dict[str, str], log: BuildLog) -> None:
        environment = self._workspace.environment(self._record.document) | dict(buildspec.variables) | self._variables
        environment |= {
            "AWS_ACCESS_KEY_ID": session["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }
        for phase in buildspec.phases:
            try:
                with self._phase(phase.name.upper()):
                    self._run_phase(phase, buildspec, environment, log)
            except PhaseError as error:
                if error.status != "FAILED" or not phase.goes_on:
                    raise
        values = exported_values(self._workspace.state, buildspec.exported)
        self._record.document["exportedEnvironmentVariables"] = values

    def _run_phase(self, phase: Phase, buildspec: Buildspec, environment: dict[str, str], log: BuildLog) -> None:
        """Run a phase's commands, then its `finally` in any case."""
        log.say(f"Entering phase {phase.name.upper()}")
        folder, state = self._workspace.folder / "phases", self._workspace.state
        failures: list[str] = []
        for name, commands in ((phase.name, phase.commands), (f"{phase.name}-finally", phase.finally_)):
            if commands:
                succeeding = self._status == "SUCCEEDED" and not failures
                script = write_script(folder, state, name, commands, succeeding, buildspec.exported)
                status = self._processes.bash(script, self._workspace.source, environment, log.write_end)
                failures += (
                    [f"Error while executing commands of {name}. Reason: exit status {status}"] if status else []
                )
        log.say(f"Phase complete: {phase.name.upper()} State: {'FAILED' if failures else 'SUCCEEDED'}")
        if failures:
            raise PhaseError("COMMAND_EXECUTION_ERROR", failures[0])


@contextlib.contextmanager
def _translated(minutes: int) -> Iterator[None]:
    """Turn what may go wrong into what CodeBuild calls it."""
    try:
        yield
    except StoppedError as error:
        raise PhaseError("STOPPED", "the build was stopped", "STOPPED") from error
    except LateError as error:
        raise PhaseError("BUILD_TIMED_OUT", f"Build has timed out after {minutes} minutes", "TIMED_OUT") from error
    except (ClientError, SourceError) as error:
        raise PhaseError("CLIENT_ERROR", str(error)) from error
    except BuildspecError as error:
        raise PhaseError("YAML_FILE_ERROR", str(error)) from error
