import json

import pytest

from pressrun.errors import GoldenSetError
from pressrun.service.golden import parse_golden_set


def line(**values: object) -> str:
    return json.dumps({"id": "a", "request": {"texts": ["x"]}, "expected": {"embeddings": []}, **values})


def test_a_case_is_sent_as_json_by_default() -> None:
    (case,) = parse_golden_set(line())
    assert (case.content_type, json.loads(case.body())) == ("application/json", {"texts": ["x"]})


def test_empty_lines_are_no_cases() -> None:
    assert [case.id for case in parse_golden_set(f"\n{line()}\n\n{line(id='b')}\n")] == ["a", "b"]


def test_a_text_is_sent_as_it_stands() -> None:
    (case,) = parse_golden_set(line(content_type="text/plain", request="Grüße"))
    assert case.body() == "Grüße".encode()


def test_bytes_are_written_in_base64() -> None:
    (case,) = parse_golden_set(line(content_type="image/png", request={"base64": "iVBORw=="}))
    assert case.body() == b"\x89PNG"


def test_what_is_not_base64_is_refused_when_the_set_is_read() -> None:
    with pytest.raises(GoldenSetError, match=r"case 'a': request\.base64 is not base64"):
        parse_golden_set(line(content_type="image/png", request={"base64": "no!"}))


def test_a_document_cannot_be_sent_as_an_image() -> None:
    with pytest.raises(GoldenSetError, match="'image/png' is a list, expected a text or an object"):
        parse_golden_set(line(content_type="image/png", request=[1]))


def test_a_line_that_is_not_json_is_named_by_its_number() -> None:
    with pytest.raises(GoldenSetError, match="line 2: payload: Invalid JSON"):
        parse_golden_set(line() + "\n{")


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(GoldenSetError, match="line 1: expectation: Extra inputs"):
        parse_golden_set(line(expectation=1))


@pytest.mark.parametrize("both", [{"expected_status": 400}, {"expected": None}])
def test_a_case_expects_an_answer_or_a_status(both: dict[str, object]) -> None:
    with pytest.raises(GoldenSetError, match="exactly one of expected and expected_status"):
        parse_golden_set(line(**both))


def test_an_id_stands_once() -> None:
    with pytest.raises(GoldenSetError, match="line 2: id 'a' stands there twice"):
        parse_golden_set(f"{line()}\n{line()}")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_a_set_without_cases_proves_nothing(text: str) -> None:
    with pytest.raises(GoldenSetError, match="holds no case"):
        parse_golden_set(text)
