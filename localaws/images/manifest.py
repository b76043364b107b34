"""The manifest that a registry keeps of an image.

Shaped like a Docker image manifest: the config's digest is the image's content address. Its layers are small JSON
documents, one for each step of the Dockerfile, because files are not shipped: they stay in the image store.
"""

import hashlib
from typing import Any

from localaws.images.recipe import Recipe, canonical

MEDIA_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG_TYPE = "application/vnd.docker.container.image.v1+json"
LAYER_TYPE = "application/vnd.localaws.image.step.v1+json"


def manifest_of(recipe: Recipe) -> bytes:
    """Return the manifest; its sha256 is the digest by which an image is known."""
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": MEDIA_TYPE,
            "config": _descriptor(CONFIG_TYPE, recipe.config()),
            "layers": [_descriptor(LAYER_TYPE, canonical(step)) for step in recipe.step_documents()],
        }
    )


def sha256(content: bytes) -> str:
    """Return a digest in the registry's spelling."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(content), "digest": sha256(content)}
