"""Three independent ways back: each one works with the other two switched off.

A Catch sees no stopped execution, so the tests of the other two stop one; the rules and the reconciler's schedule are
disabled where they are not meant.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.integration.product import Echo, Product, until

SCHEDULE = ("Name", "GroupName", "ScheduleExpression", "Target", "FlexibleTimeWindow", "Description")


@contextmanager
def rules_off(product: Product) -> Iterator[None]:
    """Disable the rules that start ways back."""
    events = product.client("events")
    found = [(rule["Name"], bus) for bus in ("default", "pressrun") for rule in _rules(product, bus)]
    assert len(found) == 2, found
    for name, bus in found:
        events.disable_rule(Name=name, EventBusName=bus)
    try:
        yield
    finally:
        for name, bus in found:
            events.enable_rule(Name=name, EventBusName=bus)


def _rules(product: Product, bus: str) -> list[dict[str, Any]]:
    found = product.client("events").list_rules(EventBusName=bus)["Rules"]
    return [rule for rule in found if "StartRollBack" in rule["Name"]]


@contextmanager
def reconciler_off(product: Product) -> Iterator[None]:
    """Disable the reconciler's schedule."""
    _schedule(product, "DISABLED")
    try:
        yield
    finally:
        _schedule(product, "ENABLED")


def _schedule(product: Product, state: str) -> None:
    scheduler = product.client("scheduler")
    (found,) = [each for each in scheduler.list_schedules()["Schedules"] if "ReconcileEndpoints" in each["Name"]]
    full = scheduler.get_schedule(Name=found["Name"], GroupName=found["GroupName"])
    scheduler.update_schedule(**{key: full[key] for key in SCHEDULE if key in full}, State=state)


def deploying(service: Echo, stage: str) -> str:
    """Open a release and wait until it changes a stage; return its id."""
    release_id = service.approve()
    until(lambda: service.product.stage(service.name, stage).get("changing") == release_id)
    return release_id


def opened(service: Echo) -> str:
    """Open a release and wait until its canary gets requests in prod, as if the judge had let it; return its id."""
    release_id = deploying(service, "prod")

    def is_open() -> bool:
        found = service.product.endpoint(service.name)
        return (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"{release_id}-open")

    until(is_open)
    weights = [{"VariantName": name, "DesiredWeight": weight} for name, weight in (("stable", 0.7), ("canary", 0.3))]
    service.product.client("sagemaker", "prod").update_endpoint_weights_and_capacities(
        EndpointName=service.name, DesiredWeightsAndCapacities=weights
    )
    until(lambda: canary_weight(service) > 0)
    return release_id


def canary_weight(service: Echo) -> float:
    variants = service.product.endpoint(service.name)["ProductionVariants"]
    return next((each["CurrentWeight"] for each in variants if each["VariantName"] == "canary"), 0.0)


def stop(service: Echo, release_id: str) -> None:
    """Stop a release's execution, which no Catch sees."""
    arn = service.product.release(release_id)["execution_arn"]
    service.product.client("stepfunctions").stop_execution(executionArn=arn, error="Stopped", cause="by the test")


def is_back(service: Echo, release_id: str, live: str, *stages: str) -> None:
    """Check that a release left nothing behind."""
    record = service.ended(release_id)
    assert record["status"] in {"rejected", "rolled_back"}, record
    assert service.product.stage(service.name, "lease") == {}
    for stage in stages:
        item, endpoint = service.product.stage(service.name, stage), service.product.endpoint(service.name, stage)
        assert "changing" not in item
        assert item["live"]["release_id"] == live
        assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", f"{live}-live")
        configs = service.product.client("sagemaker", stage).list_endpoint_configs(NameContains=release_id)
        assert configs["EndpointConfigs"] == []
        assert service.product.answer(service.name, stage) == "ping"


def live(service: Echo) -> str:
    return str(service.product.stage(service.name, "prod")["live"]["release_id"])


def ways_back(product: Product, release_id: str) -> list[dict[str, Any]]:
    """Return the inputs of a release's roll_back executions."""
    states, machine = product.client("stepfunctions"), product.outputs["tools"]["RollBackStateMachineArn"]
    found = states.list_executions(stateMachineArn=machine)["executions"]
    ours = [each["executionArn"] for each in found if each["name"].startswith(release_id)]
    return [json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in ours]


def test_a_failure_is_caught_by_the_machine_itself(product: Product, service: Echo) -> None:
    before = live(service)
    with rules_off(product), reconciler_off(product):
        release_id = service.approve("loud")
        is_back(service, release_id, before, "dev", "qa", "prod")
    record = product.release(release_id)
    assert record["failure"]["error"] == "ContractTestFailedError"
    assert [given["reason"] for given in ways_back(product, release_id)] == ["the release failed"]


def test_a_stopped_release_is_taken_back_by_the_rule(product: Product, service: Echo) -> None:
    before = live(service)
    with reconciler_off(product):
        release_id = deploying(service, "dev")
        stop(service, release_id)
        is_back(service, release_id, before, "dev", "qa", "prod")
    (given,) = ways_back(product, release_id)
    assert given["reason"] == "an execution of the release died"


def test_a_blown_fuse_takes_the_rollout_back(product: Product, service: Echo) -> None:
    before, fuse = live(service), f"pressrun-{service.name}-canary-5xx"
    cloudwatch = product.client("cloudwatch", "prod")
    with reconciler_off(product):
        release_id = opened(service)
        until(lambda: cloudwatch.describe_alarms(AlarmNames=[fuse])["MetricAlarms"])
        cloudwatch.set_alarm_state(AlarmName=fuse, StateValue="ALARM", StateReason="by the test")
        is_back(service, release_id, before, "dev", "qa", "prod")
    assert product.release(release_id)["failure"]["error"] == "FuseTrippedError"
    assert cloudwatch.describe_alarms(AlarmNames=[fuse])["MetricAlarms"] == []


def test_an_unattended_canary_is_found_by_the_reconciler(product: Product, service: Echo) -> None:
    before = live(service)
    with rules_off(product):
        release_id = opened(service)
        stop(service, release_id)
        until(lambda: canary_weight(service) == 0)
        is_back(service, release_id, before, "dev", "qa", "prod")
    assert "has not ended" in ways_back(product, release_id)[0]["reason"]


def ask(service: Echo, reason: str) -> None:
    """Ask for a roll-back as alice, as `pressrun release roll-back` does."""
    service.product.post(f"/services/{service.name}/roll-back", {"to": None, "reason": reason})


def test_an_operator_takes_back_a_rollout(product: Product, service: Echo) -> None:
    before = live(service)
    with rules_off(product), reconciler_off(product):
        release_id = opened(service)
        ask(service, "complaints from the desk")
        is_back(service, release_id, before, "dev", "qa", "prod")
    record = product.release(release_id)
    assert record["rolled_back_by"].endswith(":assumed-role/alice/alice")
    assert record["roll_back_reason"] == "complaints from the desk"
