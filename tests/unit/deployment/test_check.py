from typing import Any

import pytest

from pressrun.deployment.check import CheckEndpoint, check
from pressrun.deployment.endpoint import Endpoint
from pressrun.errors import ConfigRolledBackError, EndpointFailedError, ReleaseChangedError
from tests.unit.deployment.builders import DIGEST, RELEASE, endpoint, variant

OPEN, ALONE = f"{RELEASE}-open", f"{RELEASE}-live"
OTHER = f"sha256:{'c' * 64}"


class FakeImages(dict[str, str]):
    def image_digest(self, release_id: str) -> str | None:
        return self.get(release_id)


def state(found: Endpoint | None, expected: str | None = ALONE, images: dict[str, str] | None = None) -> str:
    command = CheckEndpoint(release_id="other", stage="prod", endpoint_name="reranking", expected_config=expected)
    return check(command, found, FakeImages(images or {RELEASE: DIGEST})).state


def running(**values: Any) -> Endpoint:
    return endpoint(variant(images=[DIGEST]), config=ALONE, **values)


def test_all_conditions_together_mean_in_service() -> None:
    assert state(running()) == "in_service"


@pytest.mark.parametrize("status", ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"])
def test_a_changing_endpoint_is_waited_for(status: str) -> None:
    assert state(running(status=status)) == "changing"


def test_a_pending_deployment_is_waited_for() -> None:
    assert state(running(pending_config="next")) == "changing"


@pytest.mark.parametrize("late", [{"current_count": 1, "desired_count": 2}, {"current_weight": 0, "desired_weight": 1}])
def test_counts_and_weights_that_are_not_in_force_are_waited_for(late: dict[str, Any]) -> None:
    assert state(endpoint(variant(images=[DIGEST], **late), config=ALONE)) == "changing"


def test_a_silent_rollback_names_both_configs() -> None:
    with pytest.raises(ConfigRolledBackError, match=f"serves config 'v6', expected '{ALONE}'"):
        state(endpoint(config="v6"))


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed", "OutOfService"])
def test_a_broken_endpoint_names_sagemakers_reason(status: str) -> None:
    with pytest.raises(EndpointFailedError, match=f"{status}, expected InService: no ping"):
        state(running(status=status, failure_reason="no ping"))


def test_another_image_than_the_pinned_one_is_named() -> None:
    with pytest.raises(ReleaseChangedError, match=f"runs image {OTHER}, expected {DIGEST}"):
        state(endpoint(variant(images=[OTHER]), config=ALONE))


def test_an_open_endpoint_also_runs_stables_image() -> None:
    both = (variant(images=[OTHER]), variant("canary", weight=0, images=[DIGEST]))
    assert state(endpoint(*both, config=OPEN), OPEN) == "in_service"


def test_an_open_endpoint_without_the_releases_image_is_refused() -> None:
    with pytest.raises(ReleaseChangedError):
        state(endpoint(variant(images=[OTHER]), variant("canary", images=[OTHER]), config=OPEN), OPEN)


def test_an_endpoint_that_does_not_say_what_it_runs_is_not_believed() -> None:
    with pytest.raises(ReleaseChangedError, match="runs image unknown"):
        state(endpoint(variant(), config=ALONE))


def test_a_release_whose_image_was_never_found_is_not_held_against_one() -> None:
    assert state(endpoint(variant(images=[OTHER]), config=ALONE), images={"another": DIGEST}) == "in_service"


def test_a_missing_endpoint_is_gone() -> None:
    assert state(None, None) == "gone"


@pytest.mark.parametrize("status", ["InService", "Deleting", "Failed"])
def test_an_endpoint_that_was_asked_to_go_is_waited_for(status: str) -> None:
    assert state(running(status=status), None) == "changing"
