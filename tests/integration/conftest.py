"""One installation for all tests below this folder."""

from collections.abc import Iterator

import pytest

from tests.integration.product import Echo, Product, echo, installed


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with installed(tmp_path_factory.mktemp("product")) as found:
        yield found


@pytest.fixture(scope="module")
def service(product: Product) -> Echo:
    """Return a service whose first release serves in all stages."""
    found = echo(product)
    found.promoted()
    return found
