"""The same installation and service as the integration tests, for things that break."""

from tests.integration.conftest import product, service

__all__ = ["product", "service"]
