"""PlanRelease: read the manifest and lay out the stages."""

from pressrun.aws.documents import Documents
from pressrun.aws.evidence import Evidence
from pressrun.aws.registry import Registry
from pressrun.aws.tables import Releases
from pressrun.release.planning import PlanRelease, ReleasePlan, plan
from pressrun.service.golden import parse_golden_set
from pressrun.service.samples import parse_samples
from pressrun.settings import STAGES
from pressrun.step import step


@step(PlanRelease)
def handler(command: PlanRelease) -> ReleasePlan:
    """Lay out a release; what its tests will read is read here once, before anything is touched."""
    record, documents = Releases.here().release(command.release_id), Documents.here()
    pinned = documents.pinned(command.release_id)
    package = Registry.here().package(pinned.manifest.model_package_arn)
    planned = plan(
        command, pinned.manifest, pinned.spec, approval=package.approval, pinned_digest=record["manifest_digest"]
    )
    parse_golden_set(documents.read(pinned.key("golden.jsonl")))
    if any(pinned.spec.stages.of(stage).load_test for stage in STAGES):
        parse_samples(documents.read(pinned.key("load.jsonl")))
    Evidence.here().put(command.release_id, "plan", planned.model_dump(mode="json"))
    return planned
