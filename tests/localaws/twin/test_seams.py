"""The twin says what it uses of ministack."""

from localaws.overlay import uses
from localaws.twin.seam_table import SEAMS
from tests.localaws.process import ROOT


def test_every_name_of_ministack_that_the_twin_uses_is_in_its_table() -> None:
    assert uses.names(ROOT / "localaws/twin") == {module: set(names) for module, names in SEAMS.items()}
