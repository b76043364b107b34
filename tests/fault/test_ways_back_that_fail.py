"""What happens when a way back itself dies, and when somebody takes an endpoint away."""

from botocore.exceptions import ClientError

from tests.integration.product import Echo, Product, until


def roll_backs(product: Product, release_id: str) -> dict[str, str]:
    """Return the status of each of a release's roll_back executions."""
    states, machine = product.client("stepfunctions"), product.outputs["tools"]["RollBackStateMachineArn"]
    found = states.list_executions(stateMachineArn=machine)["executions"]
    return {each["name"]: each["status"] for each in found if each["name"].startswith(release_id)}


def test_a_way_back_that_is_stopped_is_followed_by_the_next(product: Product, service: Echo) -> None:
    before = product.stage(service.name, "dev")["live"]["release_id"]
    release_id = service.approve()
    until(lambda: product.stage(service.name, "dev").get("changing") == release_id)
    states = product.client("stepfunctions")
    promote_arn = product.release(release_id)["execution_arn"]
    states.stop_execution(executionArn=promote_arn, error="Stopped", cause="by the test")
    until(lambda: roll_backs(product, release_id).get(f"{release_id}-back") == "RUNNING")
    machine = product.outputs["tools"]["RollBackStateMachineArn"]
    first = f"{machine.replace(':stateMachine:', ':execution:')}:{release_id}-back"
    states.stop_execution(executionArn=first, error="Stopped", cause="by the test")
    assert service.ended(release_id)["status"] == "rejected"
    assert roll_backs(product, release_id)[f"{release_id}-back"] == "ABORTED"
    assert product.endpoint(service.name, "dev")["EndpointConfigName"] == f"{before}-live"
    assert "changing" not in product.stage(service.name, "dev")


def test_an_endpoint_that_somebody_deleted_comes_back(product: Product, service: Echo) -> None:
    live = product.stage(service.name, "qa")["live"]["release_id"]
    product.client("sagemaker", "qa").delete_endpoint(EndpointName=service.name)

    def serves() -> bool:
        try:
            found = product.endpoint(service.name, "qa")
        except ClientError:
            return False
        return (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"{live}-live")

    until(lambda: not serves())
    until(serves)
    assert service.product.answer(service.name, "qa") == "ping"
    until(lambda: product.stage(service.name, "lease") == {})
    assert product.release(live)["status"] == "promoted"
