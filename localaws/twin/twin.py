"""One run of the twin: its parts, put together."""

from localaws.images.store import ImageStore
from localaws.overlay import events
from localaws.settings import Settings
from localaws.twin.api import Api
from localaws.twin.autoscaling.policies import ScalingPolicies
from localaws.twin.autoscaling.targets import ScalableTargets
from localaws.twin.dataplane_process import DataPlane
from localaws.twin.delays import Delays
from localaws.twin.fleet.archives import Archives
from localaws.twin.fleet.fleet import Host
from localaws.twin.fleet.images import Registry
from localaws.twin.fleet.launcher import Launcher
from localaws.twin.fleet.logs import ContainerLogs
from localaws.twin.fleet.supervisor import Supervisor
from localaws.twin.hosting.configs import EndpointConfigs
from localaws.twin.hosting.deployments import Deployments
from localaws.twin.hosting.endpoints import Endpoints
from localaws.twin.hosting.live import Traffic
from localaws.twin.hosting.models import Models
from localaws.twin.hosting.plans import Planner
from localaws.twin.hosting.quotas import Quotas
from localaws.twin.iam import Iam, role_may_pull, role_session
from localaws.twin.outbox import Outbox
from localaws.twin.permits import InvokePermits
from localaws.twin.registry.groups import ModelPackageGroups
from localaws.twin.registry.packages import ModelPackages
from localaws.twin.sources import EcrAndS3
from localaws.twin.state import State
from localaws.twin.tags import Tagging


class Twin:
    """SageMaker of all accounts."""

    def __init__(self, settings: Settings) -> None:
        authority = Iam()
        self._state = state = State()
        self._outbox = outbox = Outbox(events.emit)
        delays, memory = Delays(settings.delay_factor), settings.memory_mib
        registry = Registry(role_may_pull)
        archives = Archives(settings, role_session)
        images = ImageStore(settings.images_dir, settings.uv)
        self._logs = ContainerLogs(settings.state_dir / "twin" / "logs")
        host = Host(images, archives, Launcher(), delays, self._logs)
        self._dataplane = DataPlane(settings, InvokePermits(state, authority).decide)
        traffic = Traffic(state, self._dataplane)
        self._deployments = Deployments(state, outbox, Planner(state, registry, memory), host, traffic, delays)
        self._supervisor = Supervisor(traffic.fleets, self._deployments.preparing, traffic.push, delays)
        sagemaker: list[object] = [
            ModelPackageGroups(state),
            ModelPackages(state, outbox),
            Models(state, EcrAndS3(registry, archives)),
            EndpointConfigs(state, memory),
            Endpoints(state, self._deployments, Quotas(state, traffic)),
            Tagging(state),
        ]
        self.apis = {
            "sagemaker": Api("sagemaker", authority, sagemaker),
            "application-autoscaling": Api(
                "application-autoscaling", authority, [ScalableTargets(state), ScalingPolicies(state)]
            ),
        }

    def start(self) -> None:
        """Start the data plane and begin to watch containers."""
        self._dataplane.start()
        self._supervisor.start()
        self._logs.start()

    def shut_down(self) -> None:
        """Stop all that runs."""
        self._supervisor.close()
        self._logs.close()
        self._deployments.stop()
        self._dataplane.close()
        self._outbox.close()
