"""Routing and metering of the data plane, without a process."""

import json
from collections import Counter
from typing import Any

from localaws.twin.dataplane.metrics import Bucket, Invocation, Meter, Series, requests
from localaws.twin.dataplane.routing import Route, Table


def route(weights: dict[str, float], instances: int = 2, strategy: str = "RANDOM") -> dict[str, Any]:
    return {
        "account": "222222222222",
        "endpoint": "e",
        "config": "c",
        "frequency": 10,
        "variants": [
            {
                "name": name,
                "weight": weight,
                "strategy": strategy,
                "instances": [{"id": f"{name}-{n}", "port": n} for n in range(instances)],
            }
            for name, weight in weights.items()
        ],
    }


def table_of(*routes: dict[str, Any]) -> Table:
    table = Table()
    table.replace(list(routes))
    return table


def found(table: Table) -> Route:
    route = table.find("222222222222", "e")
    assert route
    return route


def test_requests_are_split_by_weight() -> None:
    chosen = Counter(found(table_of(route({"stable": 9, "canary": 1}))).choose().name for _ in range(10_000))
    assert 700 < chosen["canary"] < 1300


def test_a_variant_without_weight_is_reached_by_its_name_only() -> None:
    endpoint = found(table_of(route({"stable": 1, "canary": 0})))
    assert {endpoint.choose().name for _ in range(1000)} == {"stable"}
    canary = endpoint.named("canary")
    assert canary
    assert canary.name == "canary"


def test_the_least_busy_instance_is_chosen_and_equals_take_turns() -> None:
    variant = found(table_of(route({"stable": 1}, 3, "LEAST_OUTSTANDING_REQUESTS"))).variants[0]
    busy, *idle = variant.instances
    busy.outstanding = 1
    chosen = Counter((variant.choose(set()) or busy).id for _ in range(100))
    assert set(chosen) == {instance.id for instance in idle}
    assert min(chosen.values()) > 20


def test_an_instance_is_not_tried_twice() -> None:
    variant = found(table_of(route({"stable": 1}))).variants[0]
    tried: set[str] = set()
    while instance := variant.choose(tried):
        tried.add(instance.id)
    assert tried == {"stable-0", "stable-1"}


def test_a_new_table_keeps_the_counts_of_instances_that_stay() -> None:
    table = table_of(route({"stable": 1}))
    found(table).variants[0].instances[0].outstanding = 2
    table.replace([route({"stable": 0, "canary": 1})])
    assert found(table).variants[0].instances[0].outstanding == 2


def test_requests_of_removed_instances_are_counted_until_they_end() -> None:
    table = table_of(route({"stable": 1}))
    instance = found(table).variants[0].instances[0]
    instance.outstanding = 1
    table.replace([])
    assert table.outstanding(["stable-0", "stable-1"]) == 1
    instance.outstanding = 0
    assert table.outstanding(["stable-0"]) == 0


def invocation(status: int = 200, latency: int = 1000) -> Invocation:
    return Invocation(status, latency, 50, 2)


WHERE = ("222222222222", "e", "stable", "c")


def test_an_interval_is_due_a_lag_after_its_end() -> None:
    meter = Meter(lag_seconds=3)
    meter.record(1_000_009.9, 10, *WHERE, invocation())
    meter.record(1_000_010.0, 10, *WHERE, invocation())
    assert meter.take_due(1_000_012.9) == []
    (first,) = meter.take_due(1_000_013.0)
    assert first[0].start == 1_000_000
    assert meter.take_due(1_000_013.0) == []


def test_values_are_exact_and_come_with_their_counts() -> None:
    bucket = Bucket()
    for each in (invocation(), invocation(), invocation(400, 2000), invocation(500, 3000)):
        bucket.add(each)
    (body,) = requests(Series(1_000_000, 10, *WHERE), bucket)
    data = json.loads(body)["MetricData"]
    values = {
        (datum["MetricName"], len(datum["Dimensions"])): dict(zip(datum["Values"], datum["Counts"], strict=True))
        for datum in data
    }
    for dimensions in (2, 3):
        assert values["Invocations", dimensions] == {1: 4}
        assert values["InvocationsPerInstance", dimensions] == {0.5: 4}
        assert values["Invocation4XXErrors", dimensions] == {0: 3, 1: 1}
        assert values["Invocation5XXErrors", dimensions] == {0: 3, 1: 1}
        assert values["InvocationModelErrors", dimensions] == {0: 2, 1: 2}
        assert values["ModelLatency", dimensions] == {1000: 2, 2000: 1, 3000: 1}
        assert values["OverheadLatency", dimensions] == {50: 4}
    assert {datum["Timestamp"] for datum in data} == {1_000_000}


def test_many_values_are_spread_over_data_within_the_limits() -> None:
    bucket = Bucket()
    for latency in range(20_000):
        bucket.add(invocation(latency=latency))
    bodies = list(requests(Series(0, 60, *WHERE), bucket))
    data = [datum for body in bodies for datum in json.loads(body)["MetricData"]]
    latencies = [datum for datum in data if datum["MetricName"] == "ModelLatency" and len(datum["Dimensions"]) == 2]
    assert max(len(datum["Values"]) for datum in data) == 150
    assert max(len(body) for body in bodies) < 1_000_000
    assert sorted(value for datum in latencies for value in datum["Values"]) == list(range(20_000))
