"""ResolveImage: find the release's image by digest, or say how to build it."""

from pressrun.aws.evidence import Evidence
from pressrun.aws.images import Images, parse_uri
from pressrun.aws.tables import Releases
from pressrun.release.image import ResolvedImage, ResolveImage, resolve
from pressrun.release.manifest import Manifest
from pressrun.settings import settings
from pressrun.step import step
from pressrun.validation import parse


@step(ResolveImage)
def handler(command: ResolveImage) -> ResolvedImage:
    """Look the image up; what was built once is never built again."""
    Releases.here().note(command.release_id, "image")
    manifest = parse(Manifest, Evidence.here().get(command.release_id, "manifest"))
    uri = parse_uri(manifest.image.repository)
    images = Images.here()
    resolved = resolve(
        manifest.image,
        lambda tag, digest: images.digest_of(uri, tag=tag, digest=digest),
        bucket=settings().artifacts_bucket,
        built=command.built,
    )
    if resolved.uri:
        Evidence.here().put_same(command.release_id, "image", {"uri": resolved.uri})
    return resolved
