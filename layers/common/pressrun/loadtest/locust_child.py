"""The process that makes the load. It reads a `Plan` from its input, and writes what it `Measured` to its output.

locust comes first: it patches the sockets before anything else imports them, which is why it has a process of its own
(boto3 in the same process ends in recursion, or hangs). locust's users wait for their answers; here one user holds
the schedule, and each call leaves at its own moment, whatever became of the calls before it.
"""

# ruff: noqa: I001
import locust  # before ssl and sockets
import locust.env

import base64
import json
import os
import sys
import time
from random import Random
from typing import ClassVar

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]

from pressrun.aws.signing import Signer
from pressrun.loadtest.arrivals import arrival_times
from pressrun.loadtest.connections import FAILURES, Connections
from pressrun.loadtest.outcomes import Outcome, error_name, outcome_of
from pressrun.loadtest.plan import Measured, Plan
from pressrun.loadtest.tally import Tally

# Beyond this an endpoint has stopped answering for good, and further calls would only fill the memory.
MOST_IN_FLIGHT = 5_000


class Load:
    """One run of the plan."""

    def __init__(self, plan: Plan, environment: locust.env.Environment, ca_file: str | None) -> None:
        self._plan = plan
        self._fire = environment.events.request.fire
        self._connections = Connections(plan["url"], ca_file)
        self._signer = Signer.from_environment(os.environ, plan["signing_name"], plan["region"])
        self._bodies = [(body["content_type"], base64.b64decode(body["base64"])) for body in plan["bodies"]]
        self._in_flight = Pool(MOST_IN_FLIGHT)
        self.tally = Tally()
        environment.events.request.add_listener(self.tally.count)  # type: ignore[no-untyped-call]

    def run(self) -> None:
        """Let each call leave at its moment, then wait for the last answer."""
        plan = self._plan
        gaps, choice = Random(plan["seed"]), Random(plan["seed"] + 1)  # noqa: S311  # a schedule, not a secret
        self.tally.start(time.time())
        start = time.perf_counter()
        for moment in arrival_times(plan["requests_per_second"], plan["seconds"], plan["arrivals"], gaps):
            content_type, body = choice.choice(self._bodies)
            self.tally.scheduled += 1
            gevent.sleep(max(start + moment - time.perf_counter(), 0))
            if self._in_flight.full():
                continue
            self._in_flight.spawn(self._call, start, start + moment, content_type, body)
        self._in_flight.join()
        self._connections.close()
        self.tally.end(time.time())

    def _call(self, start: float, intended: float, content_type: str, body: bytes) -> None:
        left = time.perf_counter()
        self.tally.leave(sent_after=left - start, late=left - intended)
        outcome, error = self._answer(intended, content_type, body)
        self._fire(  # type: ignore[no-untyped-call]
            request_type="POST",
            name="InvokeEndpoint",
            response_time=1000 * (time.perf_counter() - intended),
            response_length=0,
            exception=None if outcome == "ok" else locust.exception.CatchResponseError(error),
            context={"outcome": outcome, "error": error},
        )

    def _answer(self, intended: float, content_type: str, body: bytes) -> tuple[Outcome, str]:
        within = intended + self._plan["timeout_seconds"] - time.perf_counter()
        headers = self._signer.headers(self._plan["url"], body, content_type, self._plan["variant"])
        try:
            with gevent.Timeout(max(within, 0.001)):
                reply = self._connections.post(body, headers)
        except gevent.Timeout:
            return "time_out", f"no answer in {self._plan['timeout_seconds']:g} s"
        except FAILURES as error:
            return "connection", type(error).__name__
        return outcome_of(*reply), error_name(*reply)


class Schedule(locust.User):
    """locust's only user: it runs the schedule once."""

    load: ClassVar[Load]

    @locust.task
    def run_once(self) -> None:
        """Run the whole load."""
        self.load.run()
        raise locust.exception.StopUser


def make_load(plan: Plan) -> Measured:
    """Run a plan under locust, without its web interface."""
    environment = locust.env.Environment(user_classes=[Schedule], host=plan["url"], catch_exceptions=False)
    Schedule.load = load = Load(plan, environment, os.environ.get("AWS_CA_BUNDLE"))
    runner = environment.create_local_runner()
    runner.start(user_count=1, spawn_rate=1)
    gevent.joinall([runner.spawning_greenlet])
    runner.user_greenlets.join()
    runner.quit()
    if not load.tally.ended:
        raise RuntimeError(f"load for {plan['url']} broke off, expected it to end; the log says why")
    return load.tally.measured()


def main() -> None:
    """Keep the output for the result alone; whatever prints goes to the log."""
    output = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    measured = make_load(json.load(sys.stdin))
    with os.fdopen(output, "w") as result:
        json.dump(measured, result)


if __name__ == "__main__":
    main()
