import pytest

from pressrun.deployment.record import RecordStage, confirm, live_entry, prune
from pressrun.errors import ConfigRolledBackError, EndpointFailedError
from tests.unit.deployment.builders import IMAGE, LIVE, RELEASE, endpoint, pinned, plan, variant

COMMAND = RecordStage.model_validate(plan())
OLD = [f"reranking-{number}-0000000{number}-1" for number in range(1, 6)]


class FakeShelf:
    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.deleted: list[str] = []

    def config_names(self, containing: str) -> list[str]:
        return [name for name in self.names if containing in name and name.endswith(("-live", "-open"))]

    def model_names(self, containing: str) -> list[str]:
        return [name for name in self.names if containing in name and not name.endswith(("-live", "-open"))]

    def delete_config(self, name: str) -> None:
        self.deleted.append(name)

    def delete_model(self, name: str) -> None:
        self.deleted.append(name)


def test_only_the_release_alone_is_recorded() -> None:
    assert confirm(COMMAND, endpoint(config=f"{RELEASE}-live"))


def test_another_config_is_not_recorded() -> None:
    with pytest.raises(ConfigRolledBackError):
        confirm(COMMAND, endpoint(config=f"{RELEASE}-open"))


def test_an_endpoint_that_is_not_settled_is_not_recorded() -> None:
    with pytest.raises(EndpointFailedError):
        confirm(COMMAND, endpoint(variant(current_count=1, desired_count=2), config=f"{RELEASE}-live"))


def test_the_entry_holds_all_that_going_back_needs() -> None:
    entry = live_entry(COMMAND, pinned(), IMAGE, "now")
    assert entry == {
        "release_id": RELEASE,
        "config_name": f"{RELEASE}-live",
        "model_name": RELEASE,
        "image": IMAGE,
        "at": "now",
        "scaling": {"variant": "stable", "min": 2, "max": 4, "target": 600},
    }


def test_the_last_three_proven_releases_stay_and_the_rest_goes() -> None:
    names = [name for old in OLD for name in (old, f"{old}-live", f"{old}-open")]
    shelf = FakeShelf(*names)
    gone = prune("reranking", [OLD[4], OLD[3], OLD[2]], {f"{OLD[4]}-live"}, shelf)
    stay = {name for old in OLD[2:] for name in (old, f"{old}-live")}
    assert set(gone) == set(shelf.deleted) == set(names) - stay


def test_a_config_in_use_stays_whatever_it_is() -> None:
    shelf = FakeShelf(f"{LIVE}-live", f"{LIVE}-open")
    assert prune("reranking", [RELEASE], {f"{LIVE}-open"}, shelf) == [f"{LIVE}-live"]


def test_another_services_names_are_not_touched() -> None:
    other = "reranking-large-1-00000001-1"
    shelf = FakeShelf(other, f"{other}-live", "reranking-notes", "reranking-by-hand-live")
    assert prune("reranking", [RELEASE], set(), shelf) == []
