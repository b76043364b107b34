import pytest

from localaws.images.ignore import IgnoreRules

RULES = ["# comment", "", "*.md", "!README.md", "/build/", "**/__pycache__", "data/*/raw", "notes?.txt"]


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("NOTES.md", True),
        ("README.md", False),
        ("docs/NOTES.md", False),
        ("build/app.py", True),
        ("builder/app.py", False),
        ("__pycache__/a.pyc", True),
        ("app/deep/__pycache__/a.pyc", True),
        ("data/one/raw/x", True),
        ("data/one/two/raw", False),
        ("notes1.txt", True),
        ("app.py", False),
    ],
)
def test_the_last_matching_pattern_decides(path: str, ignored: bool) -> None:
    assert IgnoreRules(RULES).ignores(path) is ignored
