import ast
from types import SimpleNamespace

import pytest

from localaws.overlay import seams, uses
from localaws.overlay.seam_table import SEAMS


def test_every_name_of_ministack_is_in_the_table() -> None:
    assert uses.names() == {module: set(names) for module, names in SEAMS.items()}


def test_a_missing_name_is_an_error_that_names_the_seam() -> None:
    with pytest.raises(seams.SeamError, match=r"json\._gone: expected, not found"):
        seams.verify({"json": {"_gone": None}})


def test_a_changed_signature_is_an_error_that_names_both() -> None:
    with pytest.raises(seams.SeamError, match=r"ast\.parse: expected \(source\), found \(source, filename='<unknown>'"):
        seams.verify({"ast": {"parse": "(source)"}})


def test_a_method_is_a_seam_too() -> None:
    assert seams.signature(ast, "NodeVisitor.visit") == "(self, node)"
    assert seams.signature(SimpleNamespace(value=1), "value") is None


def test_a_fragment_occurs_once() -> None:
    assert seams.replace_fragment("a b c", "b", "x") == "a x c"
    with pytest.raises(seams.SeamError, match="expected once, found 2 times: 'b'"):
        seams.replace_fragment("a b b", "b", "x")
