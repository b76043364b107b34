"""The contract test: the endpoint answers the golden set as the golden set says."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from pressrun.clock import iso
from pressrun.deployment.plan import Phase
from pressrun.errors import ContractTestFailedError
from pressrun.service.compare import difference
from pressrun.service.golden import Case
from pressrun.service.spec import Comparator
from pressrun.settings import Stage

# Enough to finish a golden set of some hundred cases in time, too little to be a load test.
PARALLEL = 4
_OK = 200


class RunContractTest(BaseModel):
    """Ask an endpoint the golden set.

    Attributes:
        variant: the variant to ask, whatever its weight; None for whoever answers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    log_keys: ClassVar = {"release_id", "stage", "endpoint_name"}

    release_id: str
    service: str
    stage: Stage
    endpoint_name: str
    variant: str | None
    phase: Phase

    @property
    def evidence_name(self) -> str:
        """Name the evidence: a settled endpoint is tested again."""
        return f"{self.stage}-{'settle-' if self.phase == 'settle' else ''}contract-test"


class ContractTestResult(BaseModel):
    """What the test did; the counts and times let the metric lag be measured.

    Attributes:
        calls: calls made, each once.
        started_at: before the first call. last_call_at: after the last answer.
    """

    model_config = ConfigDict(frozen=True)

    calls: int
    started_at: str
    last_call_at: str


class Answer(BaseModel):
    """What came back for one case: status 0 where nothing did."""

    model_config = ConfigDict(frozen=True)

    status: int
    body: bytes = b""
    error: str = ""


class Invoker(Protocol):
    """The part of SageMaker that answers."""

    def invoke(self, endpoint_name: str, variant: str | None, body: bytes, content_type: str) -> Answer:
        """Call an endpoint once; what goes wrong is an answer too."""


class Difference(BaseModel):
    """A case that was not answered as it should be."""

    model_config = ConfigDict(frozen=True)

    id: str
    why: str


def run(
    command: RunContractTest,
    cases: list[Case],
    comparator: Comparator,
    invoker: Invoker,
    *,
    clock: Callable[[], datetime],
    record: Callable[[str, dict[str, Any]], object],
) -> ContractTestResult:
    """Ask every case, write what was found, and fail if one differs.

    Args:
        command: the endpoint and variant to ask.
        cases: the golden set.
        comparator: how answers are compared.
        invoker: calls the endpoint.
        clock: tells the time.
        record: writes evidence, by its name.

    Raises:
        ContractTestFailedError: how many cases differ, which first, and what was expected.
    """
    started = clock()
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda case: _ask(command, case, invoker), cases))
    ended = clock()
    differences = [
        Difference(id=case.id, why=why)
        for case, answer in zip(cases, answers, strict=True)
        if (why := judge_answer(case, answer, comparator)) is not None
    ]
    result = ContractTestResult(calls=len(answers), started_at=iso(started), last_call_at=iso(ended))
    record(command.evidence_name, _document(command, cases, comparator, result, differences))
    if differences:
        raise ContractTestFailedError(
            f"{len(differences)} of {len(cases)} golden cases differ on endpoint {command.endpoint_name!r} in "
            f"{command.stage}; first {differences[0].id!r}: {differences[0].why}"
        )
    return result


def judge_answer(case: Case, answer: Answer, comparator: Comparator) -> str | None:
    """Say how an answer differs from what its case expects, or None."""
    wanted = case.expected_status or _OK
    if answer.status != wanted:
        told = f" ({answer.error})" if answer.error else ""
        return f"{f'status {answer.status}' if answer.status else 'no answer'}{told}, expected status {wanted}"
    if case.expected_status:
        return None
    try:
        found = json.loads(answer.body)
    except ValueError:
        return f"answer of {len(answer.body)} bytes is not JSON, expected JSON"
    return difference(comparator, case.expected, found)


def _ask(command: RunContractTest, case: Case, invoker: Invoker) -> Answer:
    return invoker.invoke(command.endpoint_name, command.variant, case.body(), case.content_type)


def _document(
    command: RunContractTest,
    cases: list[Case],
    comparator: Comparator,
    result: ContractTestResult,
    differences: list[Difference],
) -> dict[str, Any]:
    return {
        "endpoint_name": command.endpoint_name,
        "variant": command.variant,
        "phase": command.phase,
        "comparator": comparator.model_dump(mode="json"),
        "cases": len(cases),
        "passed": len(cases) - len(differences),
        "differences": [found.model_dump() for found in differences],
        **result.model_dump(),
    }
