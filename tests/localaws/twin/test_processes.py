"""Containers are processes of this machine that end with the embedded AWS, and print to CloudWatch Logs."""

from pathlib import Path

import psutil
import pytest

from tests.localaws import process
from tests.localaws.process import LocalAws
from tests.localaws.twin import hosting
from tests.localaws.twin.hosting import Workload, wait_for


def test_what_a_container_prints_is_in_cloudwatch_logs(workload: Workload, localaws: LocalAws) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model(starts="crash")}]))
    logs = localaws.client("logs", "dev")

    def messages() -> list[str] | None:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [event["message"] for event in found] or None

    assert wait_for(messages) == ["the container cannot start"]
    workload.delete(name)


def test_a_container_gets_no_environment_but_its_own(workload: Workload) -> None:
    name = workload.endpoint(workload.config([{"ModelName": workload.model("one")}]))
    environment = psutil.Process(workload.invoke(name)["Said"]["pid"]).environ()
    assert environment["ANSWER"] == "one"
    assert not [variable for variable in environment if variable.startswith(("AWS_", "PYTHONPATH", "VIRTUAL_ENV"))]
    workload.delete(name)


@pytest.mark.parametrize("orderly", [True, False])
def test_no_container_outlives_the_embedded_aws(tmp_path: Path, orderly: bool) -> None:
    aws = process.start(tmp_path, "--delay-factor", "0.002")
    try:
        workload = hosting.prepare(aws)
        name = workload.endpoint(workload.config([{"ModelName": workload.model(), "InitialInstanceCount": 2}]))
        workload.invoke(name)
        children = psutil.Process(aws.process.pid).children(recursive=True)
        assert len(children) >= 3
        if not orderly:
            aws.process.kill()
    finally:
        process.stop(aws)
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_a_taken_data_port_is_said_at_start(tmp_path: Path, localaws: LocalAws) -> None:
    with pytest.raises(RuntimeError, match=f"the data plane does not serve on port {localaws.data_port}"):
        process.start(tmp_path, "--delay-factor", "0.002", "--data-port", str(localaws.data_port))
