"""AcquireLease: let one release at a time work on a service."""

from pressrun.aws.lease import LeaseDesk
from pressrun.observability import logger
from pressrun.release.lease import AcquireLease, LeaseAnswer
from pressrun.step import step


@step(AcquireLease)
def handler(command: AcquireLease) -> LeaseAnswer:
    """Take the service's lease, or say that it is held."""
    answer = LeaseDesk.here().acquire(command)
    logger.info("lease asked for", acquired=answer.acquired, holder=answer.held_by)
    return answer
