"""RunContractTest: ask an endpoint the golden set."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from pressrun.aws.documents import Documents
from pressrun.aws.evidence import Evidence
from pressrun.aws.runtime import Runtime
from pressrun.aws.tables import Releases
from pressrun.clock import now
from pressrun.deployment.contract import PARALLEL, ContractTestResult, RunContractTest, run
from pressrun.observability import logger, metrics
from pressrun.service.golden import parse_golden_set
from pressrun.step import step


@step(RunContractTest)
def handler(command: RunContractTest) -> ContractTestResult:
    """Compare the endpoint's answers with the golden set's."""
    documents = Documents.here()
    pinned = documents.pinned(command.release_id)
    cases = parse_golden_set(documents.read(pinned.key("golden.jsonl")))
    Releases.here().note(command.release_id, f"{command.stage}: contract test")

    def record(name: str, document: dict[str, Any]) -> None:
        Evidence.here().put(command.release_id, name, document)
        metrics.add_dimension(name="endpoint", value=command.endpoint_name)
        metrics.add_dimension(name="stage", value=command.stage)
        metrics.add_metric(name="GoldenCasesDiffering", unit=MetricUnit.Count, value=len(document["differences"]))
        metrics.add_metadata(key="release_id", value=command.release_id)

    result = run(
        command,
        cases,
        pinned.spec.golden_set.comparator,
        Runtime.of(command.stage, command.release_id, parallel=PARALLEL),
        clock=now,
        record=record,
    )
    logger.info("contract test passed", cases=len(cases), variant=command.variant)
    return result
