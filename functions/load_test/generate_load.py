"""GenerateLoad: send an open load to an endpoint and measure its answers."""

from aws_lambda_powertools.metrics import MetricUnit

from pressrun.aws.artifacts import Artifacts
from pressrun.aws.sessions import workload_session
from pressrun.aws.signing import RuntimeAccess
from pressrun.aws.tables import Releases
from pressrun.loadtest.child_process import make_load
from pressrun.loadtest.generate import generate
from pressrun.loadtest.models import GenerateLoad, LoadResult
from pressrun.observability import logger, metrics
from pressrun.service.samples import parse_samples
from pressrun.step import step


@step(GenerateLoad)
def handler(command: GenerateLoad) -> LoadResult:
    """Run the load in a process of its own and count what it got."""
    samples = parse_samples(Artifacts.here().read(command.samples_key).decode())
    access = RuntimeAccess.of(workload_session(command.stage, session_name=command.release_id))
    Releases.here().note(command.release_id, f"{command.stage}: load test")
    result = generate(command, samples, access, make_load)
    metrics.add_dimension(name="endpoint", value=command.endpoint_name)
    metrics.add_dimension(name="stage", value=command.stage)
    metrics.add_metric(name="LoadRequests", unit=MetricUnit.Count, value=result.requests)
    metrics.add_metric(name="LoadErrors", unit=MetricUnit.Count, value=result.requests - result.counts["ok"])
    metrics.add_metadata(key="release_id", value=command.release_id)
    logger.info("load generated", requests=result.requests, p99_ms=result.p99_ms, invalid=result.invalid)
    return result
