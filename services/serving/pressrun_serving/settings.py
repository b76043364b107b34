"""What the environment may set: port and model directory move with the host, the others belong to an image."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The server's settings."""

    address: str = "0.0.0.0"
    port: int = 8080
    model_dir: Path = Path("/opt/ml/model")
    workers: int = 2
    queue: int = 64
    max_body_bytes: int = 6 * 1024 * 1024

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings; an absent one keeps its default."""

        def number(name: str, default: int) -> int:
            text = environment.get(name, str(default))
            if not text.isdecimal() or int(text) < 1:
                raise ValueError(f"environment variable {name} is {text!r}, expected a whole number from 1")
            return int(text)

        return cls(
            address=environment.get("PRESSRUN_BIND_ADDRESS", cls.address),
            port=number("SAGEMAKER_BIND_TO_PORT", cls.port),
            model_dir=Path(environment.get("SM_MODEL_DIR", str(cls.model_dir))),
            workers=number("PRESSRUN_WORKERS", min(len(os.sched_getaffinity(0)), 4)),
            queue=number("PRESSRUN_QUEUE", cls.queue),
            max_body_bytes=number("PRESSRUN_MAX_BODY_BYTES", cls.max_body_bytes),
        )
