"""Errors that state machines match by class name in Retry and Catch.

PressrunError
+-- InvalidInputError          a payload, event, spec or archive does not fit; never retried
|   +-- UnknownServiceError    no published spec for this service
|   +-- ModelPackageError      the model package cannot be released as it stands
|   +-- ArchiveError           the model archive is not one, or is not safe to unpack
|   +-- GoldenSetError         the golden set does not parse or is empty
+-- ReleaseChangedError        what was pinned differs from what is there now
+-- EndpointBusyError          an update is still running; retried with backoff, never in a rollout
+-- ConfigNotVisibleError      SageMaker does not see a new endpoint config yet; retried
+-- EndpointFailedError        the endpoint is Failed, UpdateRollbackFailed or OutOfService
+-- NothingProvenError         there is no proven config to go back to; pages a person
+-- ConfigRolledBackError      SageMaker went back to the old config; caught, rolls back
+-- CapacityError              the account's quota or AWS's capacity does not allow the fleet
+-- ContractTestFailedError    the model answers wrongly on the golden set
+-- LoadTestFailedError        the endpoint misses its SLO under load
+-- LoadGenerationError        the load generator could not produce the load that was asked for
+-- MetricsMissingError        CloudWatch never showed the calls that were made
+-- CanaryRefusedError         the judge refused the canary
+-- ApprovalDeniedError        an operator said no; caught, rejects the release
+-- ReleaseSupersededError     a newer approval of the same service took over
+-- ReleaseAbortedError        an operator stopped the release
+-- RollBackFailedError        a stage could not be taken back; a person is paged
+-- LeaseLostError             another release holds the service
+-- ImageBuildError            the image could not be found or built
"""


class PressrunError(Exception):
    """The root of every error that Pressrun raises on purpose."""


class InvalidInputError(PressrunError):
    """An input does not fit; the message names the field, never its value."""


class UnknownServiceError(InvalidInputError):
    """No spec was published for this service."""

    def __init__(self, service: str) -> None:
        super().__init__(
            f"service {service!r} has no published spec; expected one made by `pressrun services apply {service}`"
        )


class ModelPackageError(InvalidInputError):
    """A model package cannot be released as it stands in the registry."""


class ArchiveError(InvalidInputError):
    """A model archive is not a gzipped tar, or holds what must not be unpacked."""


class GoldenSetError(InvalidInputError):
    """A golden set does not parse, or holds no case."""


class ReleaseChangedError(PressrunError):
    """Something that the manifest pinned is not what it was."""


class EndpointBusyError(PressrunError):
    """The endpoint is being changed and takes no other change now."""

    def __init__(self, endpoint_name: str, status: str) -> None:
        super().__init__(f"endpoint {endpoint_name!r} is {status}, expected InService before another change")


class ConfigNotVisibleError(PressrunError):
    """SageMaker reads configs with a delay and does not see this one yet."""

    def __init__(self, endpoint_name: str, config_name: str) -> None:
        super().__init__(f"endpoint {endpoint_name!r}: config {config_name!r} is not visible yet, expected it soon")


class EndpointFailedError(PressrunError):
    """The endpoint reached a state from which it does not recover by itself."""

    def __init__(self, endpoint_name: str, status: str, reason: str) -> None:
        super().__init__(f"endpoint {endpoint_name!r} is {status}, expected InService: {reason or 'no reason given'}")


class NothingProvenError(PressrunError):
    """An endpoint has no proven config to go back to, or SageMaker has that config no more."""

    def __init__(self, endpoint_name: str, stage: str, config_name: str | None = None) -> None:
        lost = f"config {config_name!r} is gone" if config_name else "no finished release proved a config for it"
        super().__init__(f"endpoint {endpoint_name!r} in {stage} cannot go back: {lost}, expected a proven config")


class ConfigRolledBackError(PressrunError):
    """SageMaker is InService again, but with the config it had before."""

    def __init__(self, endpoint_name: str, found: str, expected: str, reason: str = "") -> None:
        because = f": {reason}" if reason else ""
        super().__init__(f"endpoint {endpoint_name!r} serves config {found!r}, expected {expected!r}{because}")


class CapacityError(PressrunError):
    """AWS refused the fleet: a quota, or no capacity of that instance type."""


class ContractTestFailedError(PressrunError):
    """The model's answers differ from the golden set."""


class LoadTestFailedError(PressrunError):
    """The endpoint misses its SLO under the load that its spec asks for."""


class LoadGenerationError(PressrunError):
    """The load generator could not produce the load that was asked for."""


class MetricsMissingError(PressrunError):
    """CloudWatch never showed calls that were certainly made."""


class CanaryRefusedError(PressrunError):
    """The judge refused the canary."""


class ApprovalDeniedError(PressrunError):
    """An operator rejected the release, or the registry's approval was withdrawn."""


class ReleaseSupersededError(PressrunError):
    """A newer approved version of the same service took the release's place."""


class ReleaseAbortedError(PressrunError):
    """An operator stopped the release."""


class RollBackFailedError(PressrunError):
    """A stage could not be brought back to its proven config."""


class LeaseLostError(PressrunError):
    """Another release holds the service."""


class ImageBuildError(PressrunError):
    """The container image could not be found or built."""
