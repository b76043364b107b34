"""One process of the embedded AWS, for tests."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from localaws.settings import ACCOUNTS, REGION

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60


@dataclass
class LocalAws:
    """A running embedded AWS and how to reach it."""

    process: "subprocess.Popen[bytes]"
    port: int
    data_port: int
    state_dir: Path

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def runtime_url(self) -> str:
        return f"http://127.0.0.1:{self.data_port}"

    def client(
        self, service: str, account: str = "tools", region: str = REGION, credentials: dict[str, str] | None = None
    ) -> Any:
        """Return a client of one account: its root, or whoever the credentials belong to."""
        found = credentials or {"AccessKeyId": ACCOUNTS[account], "SecretAccessKey": "test"}
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.runtime_url if service == "sagemaker-runtime" else self.endpoint_url,
            region_name=region,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, s3={"addressing_style": "path"}),
        )

    def assume(self, role_arn: str, session_name: str, account: str = "tools") -> dict[str, str]:
        """Return credentials of a role's session."""
        assumed = self.client("sts", account).assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        return {name: assumed["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}

    def log(self) -> str:
        """Return what the process wrote so far."""
        return (self.state_dir / "serve.log").read_text()


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(state_dir: Path, *arguments: str) -> LocalAws:
    """Start an embedded AWS and wait until it answers."""
    state_dir.mkdir(parents=True, exist_ok=True)
    port, data_port = free_port(), free_port()
    command = [
        str(ROOT / ".localaws/venv/bin/python"), str(ROOT / "localaws/serve.py"),
        "--state-dir", str(state_dir), "--port", str(port), "--data-port", str(data_port), *arguments,
    ]  # fmt: skip
    with (state_dir / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    aws = LocalAws(process, port, data_port, state_dir)
    deadline = time.monotonic() + START_SECONDS
    while not _answers(aws):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RuntimeError(f"the embedded AWS did not start:\n{aws.log()}")
        time.sleep(0.1)
    return aws


def stop(aws: LocalAws) -> None:
    """Stop an embedded AWS in order."""
    aws.process.terminate()
    try:
        aws.process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        aws.process.kill()
        aws.process.wait()


def _answers(aws: LocalAws) -> bool:
    try:
        with urllib.request.urlopen(f"{aws.endpoint_url}/_ministack/health", timeout=2) as response:
            return bool(json.load(response))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
