"""PlanRelease: read the manifest and lay out the stages."""

from pressrun.aws.evidence import Evidence
from pressrun.aws.registry import Registry
from pressrun.aws.specs import Specs
from pressrun.aws.tables import Releases
from pressrun.release.manifest import Manifest
from pressrun.release.planning import PlanRelease, ReleasePlan, plan
from pressrun.step import step
from pressrun.validation import parse


@step(PlanRelease)
def handler(command: PlanRelease) -> ReleasePlan:
    """Lay out a release; the package must be approved still and the manifest unchanged."""
    record = Releases.here().release(command.release_id)
    manifest = parse(Manifest, Evidence.here().get(command.release_id, "manifest"))
    package = Registry.here().package(manifest.model_package_arn)
    spec = Specs.here().load(manifest.spec.key)
    planned = plan(command, manifest, spec, approval=package.approval, pinned_digest=record["manifest_digest"])
    Evidence.here().put(command.release_id, "plan", planned.model_dump(mode="json"))
    return planned
