import pytest

from localaws.images.words import WordError, words

VARIABLES = {"NAME": "six", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two", ["one", "two"]),
        ('"one two" three', ["one two", "three"]),
        ("$NAME==1 ${NAME}x", ["six==1", "sixx"]),
        ("'$NAME'", ["$NAME"]),
        ('"$NAME \\"quoted\\""', ['six "quoted"']),
        (r"\$NAME one\ two", ["$NAME", "one two"]),
        ("${ABSENT:-default} ${EMPTY:-default} ${NAME:-default}", ["default", "default", "six"]),
        ("a$ABSENT", ["a"]),
        ('""', [""]),
        ("", []),
    ],
)
def test_words_are_split_and_expanded_as_a_build_does(text: str, expected: list[str]) -> None:
    assert words(text, VARIABLES) == expected


@pytest.mark.parametrize("text", ["'open", "${NAME:+other}", "$(command)", "${NAME"])
def test_what_a_build_would_expand_otherwise_is_an_error(text: str) -> None:
    with pytest.raises(WordError):
        words(text, VARIABLES)
