"""What a model is made of, checked when it is created: the image in ECR and the archive in S3."""

from localaws.twin.fleet.archives import Archives
from localaws.twin.fleet.images import Registry


class EcrAndS3:
    """Checks that a role can read an image and an archive."""

    def __init__(self, registry: Registry, archives: Archives) -> None:
        self._registry = registry
        self._archives = archives

    def check(self, image: str, model_data_url: str | None, role_arn: str) -> None:
        """Raise LaunchError when the role cannot read them."""
        self._registry.resolve(image, role_arn)
        if model_data_url:
            self._archives.check(model_data_url, role_arn)
