from typing import Any

import pytest

from pressrun.deployment.change import ChangeEndpoint, change
from pressrun.errors import EndpointBusyError, EndpointFailedError
from tests.unit.deployment.builders import RELEASE, FakeSageMaker, endpoint, plan


def changed(fake: FakeSageMaker, phase: str) -> str:
    name = f"{RELEASE}-{'open' if phase == 'open' else 'live'}"
    command = ChangeEndpoint.model_validate({**plan(), "phase": phase, "config_name": name})
    return change(command, {}, fake, fake).asked


def test_a_missing_endpoint_is_created() -> None:
    fake = FakeSageMaker()
    assert changed(fake, "whole") == "create"
    assert fake.calls == [("create", f"{RELEASE}-live")]


def test_opening_keeps_stables_counts_and_its_scaling() -> None:
    fake = FakeSageMaker(endpoint())
    changed(fake, "open")
    assert fake.calls == [("update", f"{RELEASE}-open", True)]


@pytest.mark.parametrize("phase", ["whole", "settle"])
def test_stable_stops_to_scale_before_it_is_replaced(phase: str) -> None:
    fake = FakeSageMaker(endpoint())
    changed(fake, phase)
    assert fake.calls == [("deregister", "stable"), ("update", f"{RELEASE}-live", False)]


@pytest.mark.parametrize(
    "there",
    [
        {"config": f"{RELEASE}-live"},
        {"config": f"{RELEASE}-live", "status": "Updating"},
        {"status": "Updating", "pending_config": f"{RELEASE}-live"},
    ],
)
def test_a_config_that_is_there_or_on_its_way_is_not_asked_for_again(there: dict[str, Any]) -> None:
    fake = FakeSageMaker(endpoint(**there))
    assert changed(fake, "whole") == "nothing"
    assert fake.calls == []


def test_a_config_that_is_being_left_has_to_be_asked_for_again() -> None:
    fake = FakeSageMaker(endpoint(config=f"{RELEASE}-live", status="Updating", pending_config="another"))
    with pytest.raises(EndpointBusyError):
        changed(fake, "whole")


def test_a_busy_endpoint_is_left_alone() -> None:
    fake = FakeSageMaker(endpoint(status="SystemUpdating"))
    with pytest.raises(EndpointBusyError, match="is SystemUpdating, expected InService"):
        changed(fake, "open")
    assert fake.calls == []


def test_a_broken_endpoint_is_not_waited_for() -> None:
    with pytest.raises(EndpointFailedError):
        changed(FakeSageMaker(endpoint(status="Failed")), "open")
