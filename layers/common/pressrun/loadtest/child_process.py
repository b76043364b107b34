"""Runs the process that makes the load, and never waits for it longer than the run may take."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import cast

from pressrun.errors import LoadGenerationError
from pressrun.loadtest.plan import Measured, Plan

# locust's import takes two seconds on an idle core, and several times that on a busy one. With a run of 300 s and
# calls of 61 s the child is gone before the state machine gives the function up, after 420 s.
START_SECONDS = 45.0
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "AWS_CA_BUNDLE")
_LAST_WORDS = 300


def make_load(plan: Plan, credentials: Mapping[str, str], spare_seconds: float = START_SECONDS) -> Measured:
    """Run a plan in a child process.

    Args:
        plan: what to send.
        credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN of the stage's deployment role.
        spare_seconds: what start and end may take beyond the run and the last answer; then the child is killed.

    Raises:
        LoadGenerationError: the child failed, or was not ready in time.
    """
    deadline = plan["seconds"] + plan["timeout_seconds"] + spare_seconds
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "pressrun.loadtest.locust_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(credentials),
        start_new_session=True,
    )
    try:
        output, log = child.communicate(json.dumps(plan).encode(), timeout=deadline)
    except subprocess.TimeoutExpired:
        raise LoadGenerationError(
            f"load generator for {plan['url']} did not end in {deadline:g} s, expected {plan['seconds']:g} s of load"
        ) from None
    finally:
        _end(child)
    return _result(plan, child.returncode, output, log)


def _environment(credentials: Mapping[str, str]) -> dict[str, str]:
    """Give the child this process's modules and the stage's credentials, never this function's own."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **credentials, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.communicate()


def _result(plan: Plan, status: int, output: bytes, log: bytes) -> Measured:
    try:
        if status == 0:
            return cast("Measured", json.loads(output))
    except ValueError:
        pass
    words = log.decode(errors="replace").strip().rpartition("\n")[2][-_LAST_WORDS:]
    raise LoadGenerationError(
        f"load generator for {plan['url']} ended with status {status} and {len(output)} bytes of result, "
        f"expected status 0 and JSON; it last said: {words or 'nothing'}"
    )
