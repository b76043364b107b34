"""What serves, and that it serves still after a release that ended badly."""

from typing import Any

from tests.integration.command_line import shown
from tests.integration.product import Echo

STAGES = ("dev", "qa", "prod")


def serving(service: Echo) -> dict[str, str]:
    """Return the endpoint config in service in each stage, and make sure that each answers."""
    found = {stage: service.product.endpoint(service.name, stage) for stage in STAGES}
    for stage, endpoint in found.items():
        assert endpoint["EndpointStatus"] == "InService", endpoint
        assert service.product.answer(service.name, stage) == "ping"
    return {stage: endpoint["EndpointConfigName"] for stage, endpoint in found.items()}


def failure(service: Echo, release_id: str) -> dict[str, Any]:
    """Wait until a release has ended unpromoted and left nothing behind; return why, as operators see it."""
    service.ended(release_id)
    release = shown(service.product, release_id)
    assert release["status"] in {"rejected", "rolled_back"}, release
    assert service.product.stage(service.name, "lease") == {}
    assert all("changing" not in service.product.stage(service.name, stage) for stage in STAGES)
    found: dict[str, Any] = release["failure"]
    return found
