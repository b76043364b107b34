from pressrun.deployment.scaling import Scaling, SuspendScaling, let_scale, suspend
from tests.unit.deployment.builders import plan


class FakeScaling:
    def __init__(self, *scaled: str) -> None:
        self.scaled = set(scaled)
        self.calls: list[tuple[object, ...]] = []

    def suspend(self, endpoint_name: str, variant: str, *, suspended: bool) -> bool:
        self.calls.append(("suspend", variant, suspended))
        return variant in self.scaled

    def register(self, endpoint_name: str, scaling: Scaling) -> None:
        self.calls.append(("register", scaling.variant, scaling.min, scaling.max))

    def deregister(self, endpoint_name: str, variant: str) -> None:
        self.calls.append(("deregister", variant))

    def scaling_suspended(self, service: str, stage: str, suspended: bool) -> None:
        self.calls.append(("note", suspended))


def test_suspending_is_noted_before_it_is_done() -> None:
    fake = FakeScaling("stable")
    found = suspend(SuspendScaling.model_validate(plan()), fake, fake)
    assert fake.calls == [("note", True), ("suspend", "stable", True), ("suspend", "canary", True)]
    assert found.variants == ["stable"]


def test_a_variant_with_room_scales_and_is_not_suspended() -> None:
    fake = FakeScaling()
    let_scale("reranking", Scaling(variant="stable", min=2, max=4, target=600), fake)
    assert fake.calls == [("register", "stable", 2, 4), ("suspend", "stable", False)]


def test_a_variant_without_room_does_not_scale() -> None:
    fake = FakeScaling()
    let_scale("reranking", Scaling(variant="stable", min=2, max=2, target=600), fake)
    assert fake.calls == [("deregister", "stable")]
