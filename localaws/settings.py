"""What one run of the embedded AWS is told at its start."""

from dataclasses import dataclass, field
from pathlib import Path

REGION = "us-east-1"
ACCOUNTS = {"tools": "111111111111", "dev": "222222222222", "qa": "333333333333", "prod": "444444444444"}


@dataclass(frozen=True)
class Settings:
    """Ports, folders and the scale of time of one embedded AWS.

    Attributes:
        state_dir: everything this run writes: objects, logs, unpacked models.
        images_dir: content-addressed container images, shared between runs.
        port: the gateway of all control planes, on loopback.
        data_port: the SageMaker runtime, on loopback.
        delay_factor: AWS's documented or measured delays are multiplied by this.
        metric_lag_seconds: how long an endpoint's metrics take to be readable.
        uv: the installer that builds images.
        memory_mib: overrides of an instance type's memory, by instance type.
    """

    state_dir: Path
    images_dir: Path
    port: int
    data_port: int
    delay_factor: float
    metric_lag_seconds: float
    uv: Path
    memory_mib: dict[str, int] = field(default_factory=dict)

    @property
    def endpoint_url(self) -> str:
        """Where every AWS API but the SageMaker runtime answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def runtime_url(self) -> str:
        """Where InvokeEndpoint answers."""
        return f"http://127.0.0.1:{self.data_port}"
