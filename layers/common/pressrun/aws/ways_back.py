"""Starting roll_back executions."""

from typing import Self

from pressrun.aws.executions import Executions, execution_arn
from pressrun.recovery.attempts import AUTOMATIC_ATTEMPTS, Attempt, next_attempt
from pressrun.recovery.plan import RollBack
from pressrun.settings import settings


class WaysBack:
    """The roll_back executions of the installation."""

    def __init__(self, executions: Executions, machine_arn: str) -> None:
        self._executions = executions
        self._machine_arn = machine_arn

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own state machine."""
        return cls(Executions.here(), settings().roll_back_arn)

    def attempt(self, release_id: str, limit: int = AUTOMATIC_ATTEMPTS) -> Attempt:
        """Look through a release's roll_back executions."""
        return next_attempt(release_id, lambda name: self._executions.status(self.arn(name)), limit)

    def start(self, name: str, request: RollBack) -> str:
        """Start a roll_back of this name, unless somebody else was faster; return its ARN."""
        return self._executions.start(self._machine_arn, name, request.model_dump(mode="json"))

    def arn(self, name: str) -> str:
        """Return the ARN of the roll_back of a name."""
        return execution_arn(self._machine_arn, name)
