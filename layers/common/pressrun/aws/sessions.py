"""Sessions: our own account, and workload accounts through their deployment role."""

import time
from functools import cache

import boto3
import botocore.loaders
import botocore.session

from pressrun.settings import Stage, settings

# Chained roles last an hour at most; a new session is taken well before.
SESSION_SECONDS = 3600
RENEW_AFTER_SECONDS = 2700

# Reading a service's model takes longer than most calls, so all sessions of a process share what was read.
_loader = botocore.loaders.create_loader()
_workload: dict[tuple[Stage, str], tuple[float, boto3.Session]] = {}


@cache
def own_session() -> boto3.Session:
    """Return the session of the function's own role."""
    return boto3.Session(botocore_session=_core())


def workload_session(stage: Stage, session_name: str) -> boto3.Session:
    r"""Assume a stage's deployment role; the session is named after the release that acts.

    Args:
        stage: the workload account to act in.
        session_name: the release id, 2..64 characters of ``[\w+=,.@-]``.
    """
    key = (stage, session_name)
    known = _workload.get(key)
    if known and time.monotonic() - known[0] < RENEW_AFTER_SECONDS:
        return known[1]
    answer = (
        own_session()
        .client("sts")
        .assume_role(
            RoleArn=settings().deployment_role_arn(stage),
            RoleSessionName=session_name[:64],
            DurationSeconds=SESSION_SECONDS,
        )
    )
    given = answer["Credentials"]
    session = boto3.Session(
        botocore_session=_core(),
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    _workload[key] = (time.monotonic(), session)
    return session


def _core() -> botocore.session.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _loader)
    return core
