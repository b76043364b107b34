import json

from pressrun.release.failure import Failure, root_failure
from pressrun.release.records import closing_status


def nested(status: str, error: str | None, cause: str | None) -> str:
    document = {"Name": "child", "Status": status, "Error": error, "Cause": cause}
    return json.dumps({key: value for key, value in document.items() if value is not None})


LAMBDA_CAUSE = json.dumps({"errorType": "ContractTestFailedError", "errorMessage": "24 of 24 cases differ"})


def test_a_function_s_error_is_found_under_two_executions() -> None:
    inner = nested("FAILED", "ContractTestFailedError", LAMBDA_CAUSE)
    outer = nested("FAILED", "States.TaskFailed", inner)
    found = root_failure("States.TaskFailed", outer)
    assert found == Failure(error="ContractTestFailedError", cause="24 of 24 cases differ")


def test_a_child_that_timed_out_has_no_error_of_its_own() -> None:
    found = root_failure("States.TaskFailed", nested("TIMED_OUT", None, None))
    assert found == Failure(error="States.Timeout", cause="execution child ended TIMED_OUT")


def test_a_plain_error_stays_as_it_is() -> None:
    assert root_failure("LeaseLostError", "held") == Failure(error="LeaseLostError", cause="held")


def test_a_missing_error_is_named_as_such() -> None:
    assert root_failure(None, None) == Failure(error="States.Runtime", cause="no cause given")


def test_a_release_that_touched_prod_was_rolled_back_another_was_rejected() -> None:
    failed = Failure(error="CanaryRefusedError", cause="")
    assert closing_status("failed", failed, ["dev", "qa", "prod"]) == "rolled_back"
    assert closing_status("failed", failed, ["dev"]) == "rejected"


def test_a_superseded_release_is_called_so_whatever_it_touched() -> None:
    assert closing_status("failed", Failure(error="ReleaseSupersededError", cause=""), ["dev"]) == "superseded"
