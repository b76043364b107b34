from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from pressrun.errors import InvalidInputError
from pressrun.loadtest.generate import generate, why_invalid
from pressrun.loadtest.plan import Measured, Plan
from pressrun.service.samples import Sample, parse_samples
from tests.unit.loadtest.results import COMMAND, measured


@dataclass
class FakeAccess:
    region: str = "us-east-1"
    signing_name: str = "sagemaker"
    environment: dict[str, str] = field(default_factory=lambda: {"AWS_ACCESS_KEY_ID": "222222222222"})

    def invocations_url(self, endpoint_name: str) -> str:
        return f"http://runtime/endpoints/{endpoint_name}/invocations"


class FakeChild:
    def __init__(self, answer: Measured) -> None:
        self.answer = answer

    def make_load(self, plan: Plan, credentials: Mapping[str, str]) -> Measured:
        self.plan, self.credentials = plan, credentials
        return self.answer


def test_the_child_is_told_the_whole_run() -> None:
    child = FakeChild(measured([10.0] * 100))
    samples = [Sample(request={"text": "Zürich"}), Sample(content_type="text/plain", request="a")]
    generate(COMMAND, samples, FakeAccess(), child.make_load)
    assert child.plan["url"] == "http://runtime/endpoints/reranking/invocations"
    assert child.plan["variant"] == "canary"
    assert child.plan["bodies"] == [
        {"content_type": "application/json", "base64": "eyJ0ZXh0IjogIlrDvHJpY2gifQ=="},
        {"content_type": "text/plain", "base64": "YQ=="},
    ]
    assert (child.plan["requests_per_second"], child.plan["seconds"], child.plan["seed"]) == (100, 10, 7)
    assert child.credentials == {"AWS_ACCESS_KEY_ID": "222222222222"}


def test_a_punctual_generator_is_believed() -> None:
    assert generate(COMMAND, [Sample(request=1)], FakeAccess(), FakeChild(measured([1.0])).make_load).invalid is None


def test_a_late_generator_is_named() -> None:
    assert why_invalid(measured([10.0] * 100, late=149.9)) == (
        "generator too late: p99 of departures 151 ms behind their moment, expected 100"
    )


def test_a_load_that_was_not_sent_is_named() -> None:
    assert why_invalid(measured([10.0] * 90, missing=10)) == "too much in flight: 90 of 100 requests were sent"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"content_type": "image/png", "request": {"a": 1}}', "line 1: request of content type 'image/png' is a dict"),
        ('{"content_type": "image/png", "request": {"base64": "?"}}', "line 1: request.base64 is not base64"),
        ("not json", "line 1: "),
    ],
)
def test_samples_that_cannot_be_sent_are_refused_by_line(line: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        parse_samples(line)
