"""JudgeLoadTest: compare a load test with the service's SLO."""

from pressrun.aws.evidence import Evidence
from pressrun.loadtest.judging import JudgedLoadTest, JudgeLoadTest, judge_rounds
from pressrun.observability import logger
from pressrun.step import step


@step(JudgeLoadTest)
def handler(command: JudgeLoadTest) -> JudgedLoadTest:
    """Merge the rounds, judge them, and keep both as evidence."""
    result, judged = judge_rounds(command)
    name = f"{command.stage}-load-test" + (f"-{command.attempt}" if command.attempt > 1 else "")
    document = {"result": result.model_dump(mode="json"), **judged.model_dump(mode="json")}
    Evidence.here().put(command.release_id, name, document)
    logger.info("load test judged", verdict=judged.verdict, reasons=judged.reasons)
    return judged
