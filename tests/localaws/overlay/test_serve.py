import subprocess
from pathlib import Path

import psutil

from localaws.settings import ACCOUNTS
from tests.localaws import process
from tests.localaws.overlay.resources import function, invoke, machine, one_state, start, until


def test_twelve_digits_are_an_account(localaws: process.LocalAws) -> None:
    seen = {stage: localaws.client("sts", stage).get_caller_identity()["Account"] for stage in ACCOUNTS}
    assert seen == ACCOUNTS


def test_everything_listens_on_loopback_only(localaws: process.LocalAws) -> None:
    server = psutil.Process(localaws.process.pid)
    family = [server, *server.children(recursive=True)]
    addresses = {c.laddr.ip for p in family for c in p.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_nothing_is_left_after_a_stop(tmp_path: Path) -> None:
    aws = process.start(tmp_path / "state")
    assert (tmp_path / "state" / "serve.pid").read_text() == str(aws.process.pid)
    family = psutil.Process(aws.process.pid).children(recursive=True)
    process.stop(aws)
    assert aws.process.returncode == 0
    assert not (tmp_path / "state" / "serve.pid").exists()
    assert not [p for p in family if p.is_running()]


def test_calls_in_flight_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    aws = process.start(tmp_path / "state")
    sleeper = function(aws, "import time\n\ndef handler(event, context):\n    time.sleep(600)\n", Timeout=900)
    start(aws, machine(aws, one_state(invoke(sleeper))))
    start(aws, machine(aws, one_state({"Type": "Wait", "Seconds": 600})))
    server = psutil.Process(aws.process.pid)
    family = until(lambda: [p for p in server.children(recursive=True) if any("_worker.py" in a for a in p.cmdline())])
    process.stop(aws)
    assert aws.process.returncode == 0
    assert not [p for p in family if p.is_running()]


def test_a_taken_port_is_an_error(localaws: process.LocalAws, tmp_path: Path) -> None:
    command = [
        str(process.ROOT / ".localaws/venv/bin/python"), str(process.ROOT / "localaws/serve.py"),
        "--state-dir", str(tmp_path), "--port", str(localaws.port), "--data-port", str(process.free_port()),
    ]  # fmt: skip
    finished = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert finished.returncode != 0
    assert f"port {localaws.port} on 127.0.0.1 is taken" in finished.stderr
