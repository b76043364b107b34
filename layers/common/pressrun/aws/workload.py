"""What a workload account says of itself."""

from typing import Any, Self

from pressrun.aws.sessions import workload_session
from pressrun.deployment.documents import Workload
from pressrun.settings import Stage
from pressrun.validation import parse_json

PARAMETER = "/pressrun/workload"


class WorkloadAccount:
    """One workload account."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach a stage's account through its deployment role."""
        return cls(workload_session(stage, release_id).client("ssm"))

    def describe(self) -> Workload:
        """Return the account's description of itself.

        Raises:
            InvalidInputError: the parameter does not hold one.
        """
        return parse_json(Workload, self._client.get_parameter(Name=PARAMETER)["Parameter"]["Value"])
