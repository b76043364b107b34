"""Every starter tries the same names."""

import pytest

from pressrun.recovery.attempts import Attempt, next_attempt


@pytest.mark.parametrize(
    ("executions", "attempt"),
    [
        ({}, Attempt(running=None, free="v3-back")),
        ({"v3-back": "RUNNING"}, Attempt(running="v3-back", free=None)),
        ({"v3-back": "ABORTED"}, Attempt(running=None, free="v3-back-2")),
        ({"v3-back": "FAILED", "v3-back-2": "RUNNING"}, Attempt(running="v3-back-2", free=None)),
        ({"v3-back": "FAILED", "v3-back-2": "TIMED_OUT", "v3-back-3": "FAILED"}, Attempt(running=None, free=None)),
    ],
)
def test_the_next_attempt(executions: dict[str, str], attempt: Attempt) -> None:
    assert next_attempt("v3", executions.get, limit=3) == attempt
