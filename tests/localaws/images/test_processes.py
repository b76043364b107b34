import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.images.processes import LateError, Processes, StoppedError
from tests.localaws.overlay import resources


@pytest.fixture
def nowhere() -> Iterator[int]:
    output = os.open(os.devnull, os.O_WRONLY)
    yield output
    os.close(output)


def script(folder: Path, text: str) -> Path:
    path = folder / "script.sh"
    path.write_text(text)
    return path


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().split()[2] != "Z"


def ends(pid: int) -> None:
    """Wait for a process that was killed."""
    resources.until(lambda: not alive(pid))


def test_a_script_runs_in_its_folder_with_its_environment_alone(tmp_path: Path, nowhere: int) -> None:
    path = script(tmp_path, 'echo "$PWD $GREETING $HOME" > seen; exit 3')
    assert Processes(60).bash(path, tmp_path, {"GREETING": "hello"}, nowhere) == 3
    assert (tmp_path / "seen").read_text() == f"{tmp_path} hello \n"


def test_a_late_script_is_killed_with_what_it_started(tmp_path: Path, nowhere: int) -> None:
    path = script(tmp_path, "/bin/sleep 600 & echo $! > pid; wait")
    with pytest.raises(LateError):
        Processes(2).bash(path, tmp_path, {}, nowhere)
    ends(int((tmp_path / "pid").read_text()))


def test_a_stopped_script_is_killed(tmp_path: Path, nowhere: int) -> None:
    processes = Processes(60)
    threading.Timer(0.2, processes.stop).start()
    with pytest.raises(StoppedError):
        processes.bash(script(tmp_path, "/bin/sleep 600"), tmp_path, {}, nowhere)


def test_nothing_starts_after_a_stop(tmp_path: Path, nowhere: int) -> None:
    processes = Processes(60)
    processes.stop()
    with pytest.raises(StoppedError):
        processes.bash(script(tmp_path, "touch started"), tmp_path, {}, nowhere)
    assert not (tmp_path / "started").exists()


def test_what_a_script_left_running_ends_with_the_build(tmp_path: Path, nowhere: int) -> None:
    processes = Processes(60)
    processes.bash(script(tmp_path, "/bin/sleep 600 & echo $! > pid"), tmp_path, {}, nowhere)
    left = int((tmp_path / "pid").read_text())
    assert alive(left)
    processes.kill()
    ends(left)
