"""The environment of the embedded AWS: what its own process, and so every handler, sees."""

import os

from localaws.settings import ACCOUNTS, REGION, Settings

RETRY_SECONDS = 60  # before a function's first asynchronous retry; twice that before the second
KEPT = ("PATH", "LANG", "LC_ALL", "TZ")

# What the process was started with; only building images may look at it (proxies, package indexes).
HOST: dict[str, str] = dict(os.environ)


def of(settings: Settings) -> dict[str, str]:
    """Return the whole environment of one run: nothing of the host's but how to find programs."""
    return {
        **{name: HOST[name] for name in KEPT if name in HOST},
        **_ministack(settings),
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER": settings.endpoint_url,
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": settings.runtime_url,
        "AWS_ENDPOINT_URL_APPLICATION_AUTO_SCALING": settings.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _ministack(settings: Settings) -> dict[str, str]:
    """Return what configures ministack: loopback only, identities enforced, files under the state folder."""
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(settings.port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_ACCOUNT_ID": ACCOUNTS["tools"],
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "PERSIST_STATE": "0",
        "STATE_DIR": str(settings.state_dir / "state"),
        "S3_DATA_DIR": str(settings.state_dir / "s3"),
        "TMPDIR": str(settings.state_dir / "tmp"),
        "HOME": str(settings.state_dir / "home"),
        "LOG_LEVEL": "INFO",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": str(RETRY_SECONDS * settings.delay_factor),
        "PYTHONUNBUFFERED": "1",
    }
