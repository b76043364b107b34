"""Making a proven config again from what was pinned for its release."""

from typing import Self

from botocore.exceptions import ClientError

from pressrun.aws.documents import Documents
from pressrun.aws.sagemaker import SageMakerEndpoints
from pressrun.aws.workload import WorkloadAccount
from pressrun.deployment.config import PrepareConfig, prepare, tags
from pressrun.errors import NothingProvenError
from pressrun.recovery.plan import StagePlan
from pressrun.settings import Stage


class KeptProof:
    """What is kept of proven releases, for one workload account."""

    def __init__(self, documents: Documents, account: WorkloadAccount, sagemaker: SageMakerEndpoints) -> None:
        self._documents = documents
        self._account = account
        self._sagemaker = sagemaker

    @classmethod
    def of(cls, stage: Stage, release_id: str) -> Self:
        """Reach the installation's documents and a stage's account."""
        return cls(Documents.here(), WorkloadAccount.of(stage, release_id), SageMakerEndpoints.of(stage, release_id))

    def tags(self, plan: StagePlan) -> dict[str, str]:
        """Return the tags of an endpoint that serves the plan's target."""
        release_id = plan.target.release_id if plan.target else plan.release_id
        return tags(plan.service, release_id, self._account.describe())

    def make_again(self, plan: StagePlan) -> None:
        """Make model and config of the plan's target again, from its manifest.

        Raises:
            NothingProvenError: nothing is kept of the release.
        """
        if plan.target is None:
            return
        release_id = plan.target.release_id
        try:
            pinned, image = self._documents.pinned(release_id), self._documents.image(release_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "404"}:
                raise
            raise NothingProvenError(plan.endpoint_name, plan.stage, plan.target.config_name) from error
        spec = pinned.spec.stages.of(plan.stage)
        command = PrepareConfig(
            release_id=release_id,
            service=plan.service,
            stage=plan.stage,
            endpoint_name=plan.endpoint_name,
            strategy="replace",
            phase="whole",
            stable=pinned.spec.variants.stable,
            canary=pinned.spec.variants.canary,
            live_config=None,
            instance_type=spec.instance_types[0],
            instance_count=spec.instances.min,
            poll_seconds=pinned.spec.rollout.poll_seconds,
            load_test=None,
        )
        prepare(command, pinned, image, self._account.describe(), self._sagemaker)
