"""What takes time: endpoints that come, change and go, each in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from localaws.twin.delays import DELETE, PROVISION, REWEIGH, SCALE_OUT, TERMINATE, Delays
from localaws.twin.errors import LaunchError
from localaws.twin.fleet.fleet import Fleet, Host
from localaws.twin.hosting.changes import announce
from localaws.twin.hosting.live import Live, Traffic, frequency
from localaws.twin.hosting.models import existing
from localaws.twin.hosting.plans import Planned, Planner
from localaws.twin.hosting.summaries import in_service
from localaws.twin.outbox import Outbox
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

MAX_REASON = 1024
logger = logging.getLogger(__name__)


class Deployments:
    """Begins changes of endpoints under the state's lock, and sees them through."""

    def __init__(
        self, state: State, outbox: Outbox, planner: Planner, host: Host, traffic: Traffic, delays: Delays
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._planner = planner
        self._host = host
        self._traffic = traffic
        self._delays = delays
        self._preparing: set[Fleet] = set()

    def preparing(self) -> list[Fleet]:
        """Return the fleets that do not serve yet."""
        return list(self._preparing)

    def create(self, account: str, name: str) -> None:
        """Begin to create an endpoint."""
        self._begin(account, name, "Creating", self._replace_fleets)

    def update(self, account: str, name: str) -> None:
        """Begin to replace an endpoint's fleets."""
        self._begin(account, name, "Updating", self._replace_fleets)

    def rescale(self, account: str, name: str) -> None:
        """Begin to bring desired weights and counts into force."""
        self._begin(account, name, "Updating", self._rescale)

    def delete(self, account: str, name: str) -> None:
        """Begin to delete an endpoint; it takes no requests from now on."""
        fleets = self._traffic.switch(account, name, None)
        self._begin(account, name, "Deleting", lambda account, name: self._delete(account, name, fleets))

    def stop(self) -> None:
        """End all processes."""
        for fleet in [*self._traffic.fleets(), *self.preparing()]:
            fleet.stop()

    def _begin(self, account: str, name: str, status: str, work: Callable[[str, str], None]) -> None:
        """Set a status and go on in a thread."""
        self._set(account, name, status)

        def see_through() -> None:
            try:
                work(account, name)
            except Exception as error:
                self._give_up(account, name, "InService" if status == "Updating" else "Failed", error)

        threading.Thread(target=see_through, name=f"twin-{status}-{name}", daemon=True).start()

    def _give_up(self, account: str, name: str, status: str, error: Exception) -> None:
        """End a change that failed: what served before an update simply goes on."""
        if not isinstance(error, LaunchError):
            logger.error("the deployment of %s failed", name, exc_info=error)
        with self._state.lock:
            self._endpoint(account, name).pop("PendingDeploymentSummary", None)
            self._set(account, name, status, str(error) or type(error).__name__)

    def _replace_fleets(self, account: str, name: str) -> None:
        """Start the pending config's fleets, move all traffic to them, end those before."""
        pending = self._endpoint(account, name)["PendingDeploymentSummary"]
        self._delays.wait(PROVISION)
        planned = self._planner.plan(account, name, pending["EndpointConfigName"])
        wanted = {variant["VariantName"]: variant for variant in pending["ProductionVariants"]}
        fleets = self._start_fleets(planned, wanted)
        with self._state.lock:
            config = self._state.table(account, "configs").get(pending["EndpointConfigName"], {})
            endpoint = self._endpoint(account, name)
            endpoint["EndpointConfigName"] = pending["EndpointConfigName"]
            endpoint["ProductionVariants"] = [
                in_service(wanted[each.plan.variant], each.variant, each.image) for each in planned
            ]
            endpoint.pop("MetricsConfig", None)
            if "MetricsConfig" in config:
                endpoint["MetricsConfig"] = config["MetricsConfig"]
            before = self._traffic.switch(account, name, Live(pending["EndpointConfigName"], frequency(config), fleets))
            self._preparing -= set(fleets.values())
            endpoint.pop("PendingDeploymentSummary")
            self._set(account, name, "InService")
        self._end(before)

    def _start_fleets(self, planned: list[Planned], wanted: dict[str, Record]) -> dict[str, Fleet]:
        """Start the fleets of all variants, or none."""
        fleets = {each.plan.variant: Fleet(each.plan, self._host) for each in planned}
        self._preparing |= set(fleets.values())
        for variant, fleet in fleets.items():
            fleet.wanted = wanted[variant]["DesiredInstanceCount"]
        try:
            with ThreadPoolExecutor(len(fleets)) as threads:
                list(threads.map(lambda fleet: fleet.add(fleet.wanted), fleets.values()))
        except Exception:
            for fleet in fleets.values():
                fleet.stop()
            self._preparing -= set(fleets.values())
            raise
        return fleets

    def _rescale(self, account: str, name: str) -> None:
        """Bring desired weights and counts into force."""
        self._delays.wait(REWEIGH)
        live = self._traffic.live(account, name)
        reason = ""
        for variant in self._endpoint(account, name)["ProductionVariants"]:
            added = variant["DesiredInstanceCount"] - variant["CurrentInstanceCount"]
            if live and added > 0:
                reason = self._scale_out(live.fleets[variant["VariantName"]], variant, added)
        with self._state.lock:
            removed = []
            for variant in self._endpoint(account, name)["ProductionVariants"]:
                variant["CurrentWeight"] = variant["DesiredWeight"]
                variant["CurrentInstanceCount"] = variant["DesiredInstanceCount"]
                fleet = live.fleets[variant["VariantName"]] if live else None
                if fleet:
                    fleet.wanted = variant["DesiredInstanceCount"]
                    removed += fleet.shrink(fleet.wanted)
            self._traffic.push()
            self._set(account, name, "InService", reason)
        self._traffic.drain(removed)
        for instance in removed:
            instance.kill()

    def _scale_out(self, fleet: Fleet, variant: Record, count: int) -> str:
        """Start more instances of a variant; if that fails it keeps its count. Return the reason."""
        self._delays.wait(SCALE_OUT)
        try:
            fleet.add(count)
        except LaunchError as error:
            variant["DesiredInstanceCount"] = variant["CurrentInstanceCount"]
            return str(error)
        return ""

    def _delete(self, account: str, name: str, fleets: list[Fleet]) -> None:
        """End an endpoint's fleets and forget it."""
        self._delays.wait(DELETE)
        self._end(fleets)
        with self._state.lock:
            endpoint = self._state.table(account, "endpoints").pop(name)
            put_tags(self._state, endpoint["EndpointArn"], {})

    def _end(self, fleets: list[Fleet]) -> None:
        """Let fleets out of service finish their requests, then end them."""
        self._traffic.drain([instance for fleet in fleets for instance in fleet.serving])
        if fleets:
            self._delays.wait(TERMINATE)
        for fleet in fleets:
            fleet.stop()

    def _endpoint(self, account: str, name: str) -> Record:
        """Return an endpoint's record."""
        return existing(self._state, account, "endpoints", name)

    def _set(self, account: str, name: str, status: str, reason: str = "") -> None:
        """Set an endpoint's status and announce it."""
        with self._state.lock:
            endpoint = self._endpoint(account, name)
            endpoint["EndpointStatus"] = status
            endpoint["LastModifiedTime"] = now()
            if reason:
                endpoint["FailureReason"] = reason[:MAX_REASON]
            announce(self._outbox, endpoint, dict(self._state.tags(endpoint["EndpointArn"])))
