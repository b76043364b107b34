"""An operator goes back through the command line."""

import pytest

from pressrun_cli.errors import CommandError
from tests.integration.command_line import pressrun, shown
from tests.integration.product import Echo, Product, until
from tests.integration.standing import serving


def test_an_operator_goes_back_to_a_release_by_its_name(product: Product, live: Echo) -> None:
    before = serving(live)
    proven = str(product.stage(live.name, "prod")["live"]["release_id"])
    with pytest.raises(CommandError, match="no-such-release"):
        pressrun(
            product, "release", "roll-back", live.name, "--reason", "why not", "--to", "no-such-release", person="bob"
        )
    assert serving(live) == before
    release_id = live.promoted()
    assert all(release_id in config for config in serving(live).values())
    told = pressrun(product, "release", "roll-back", live.name, "--reason", "complaints", "--to", proven, person="bob")
    assert told["release_id"] == release_id
    until(lambda: product.release(release_id)["status"] == "rolled_back")
    assert serving(live) == before
    found = shown(product, release_id)
    assert found["rolled_back_by"].endswith(":assumed-role/bob/bob")
    assert found["roll_back_reason"] == "complaints"
