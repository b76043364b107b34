"""What a function reads from its environment, checked once and by name."""

import os
from functools import cache
from typing import Literal

from pressrun.errors import InvalidInputError

Stage = Literal["dev", "qa", "prod"]
STAGES: tuple[Stage, ...] = ("dev", "qa", "prod")

DEPLOYMENT_ROLE = "pressrun-deployment"


class Settings:
    """Names of the installation's resources, from environment variables set by the template."""

    @property
    def artifacts_bucket(self) -> str:
        """The bucket of archives, specs and evidence."""
        return _required("PRESSRUN_ARTIFACTS_BUCKET")

    @property
    def releases_table(self) -> str:
        """The DynamoDB table of releases."""
        return _required("PRESSRUN_RELEASES_TABLE")

    @property
    def endpoints_table(self) -> str:
        """The DynamoDB table of endpoints and leases."""
        return _required("PRESSRUN_ENDPOINTS_TABLE")

    @property
    def approvals_table(self) -> str:
        """The DynamoDB table of decisions."""
        return _required("PRESSRUN_APPROVALS_TABLE")

    @property
    def event_bus(self) -> str:
        """The bus of Pressrun's own events."""
        return _required("PRESSRUN_EVENT_BUS")

    @property
    def promote_release_arn(self) -> str:
        """The state machine `promote_release`."""
        return _required("PRESSRUN_PROMOTE_RELEASE_ARN")

    @property
    def roll_back_arn(self) -> str:
        """The state machine `roll_back`."""
        return _required("PRESSRUN_ROLL_BACK_ARN")

    @property
    def registry_events_queue_url(self) -> str:
        """The queue in front of `start_release`."""
        return _required("PRESSRUN_REGISTRY_EVENTS_QUEUE_URL")

    @property
    def child_machine_arns(self) -> tuple[str, str, str]:
        """The state machines below `promote_release`: `deploy_stage`, `shift_traffic`, `run_load_test`."""
        return (
            _required("PRESSRUN_DEPLOY_STAGE_ARN"),
            _required("PRESSRUN_SHIFT_TRAFFIC_ARN"),
            _required("PRESSRUN_RUN_LOAD_TEST_ARN"),
        )

    @property
    def code_revision(self) -> str:
        """The revision of the control plane's own code."""
        return _required("PRESSRUN_CODE_REVISION")

    def account_of(self, stage: Stage) -> str:
        """Return the workload account of a stage."""
        pairs = dict(pair.split("=", 1) for pair in _required("PRESSRUN_WORKLOAD_ACCOUNTS").split(","))
        try:
            return pairs[stage]
        except KeyError:
            raise InvalidInputError(
                f"PRESSRUN_WORKLOAD_ACCOUNTS names no account for stage {stage!r}, expected {stage}=<account id>"
            ) from None

    def stage_of(self, account: str) -> Stage | None:
        """Return the stage of a workload account, or None for any other account."""
        return next((stage for stage in STAGES if self.account_of(stage) == account), None)

    def deployment_role_arn(self, stage: Stage) -> str:
        """Return the role that acts for Pressrun in a stage's account."""
        return f"arn:aws:iam::{self.account_of(stage)}:role/{DEPLOYMENT_ROLE}"


@cache
def settings() -> Settings:
    """Return the function's settings; values are read when asked for, not at import."""
    return Settings()


def _required(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise InvalidInputError(f"environment variable {name} is not set, expected the name the template gives it")
    return value
