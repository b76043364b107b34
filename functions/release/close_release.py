"""CloseRelease: record how a release ended that was not promoted, or was taken back."""

from pressrun.aws.closing import ClosingDesk
from pressrun.release.closing import Closed, CloseRelease
from pressrun.step import step


@step(CloseRelease)
def handler(command: CloseRelease) -> Closed:
    """Write the end with its first cause and give the lease back."""
    return ClosingDesk.here().close(command)
