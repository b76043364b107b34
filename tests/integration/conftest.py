"""One installation for all tests below this folder."""

from collections.abc import Iterator

import pytest

from tests.integration.product import SMALL, Echo, Product, echo, installed


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


@pytest.fixture(scope="session")
def live(product: Product) -> Echo:
    """Return a service whose first release serves in all stages, which releases replace without asking anybody.

    In dev it has next to no memory and is put under load.
    """
    load = {"requests_per_second": 25, "seconds": 5}
    found = echo(
        product,
        stages={
            "dev": {"instance_types": [SMALL], "load_test": load},
            "qa": {"load_test": None},
            "prod": {"approval": None, "strategy": "replace", "instances": {"min": 1, "max": 1}},
        },
        slo={"p95_ms": 20_000, "p99_ms": 30_000, "error_rate": 0},  # how fast this machine is does not matter here
    )
    found.promoted()
    return found
