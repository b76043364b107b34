import pytest
from botocore.exceptions import ClientError

from tests.localaws.process import LocalAws


def test_an_image_that_is_not_there_is_named(localaws: LocalAws) -> None:
    registry = localaws.client("ecr")
    registry.create_repository(repositoryName="pressrun/missing")
    with pytest.raises(ClientError, match=r"imageTag:'nothing'.* does not exist") as refused:
        registry.describe_images(repositoryName="pressrun/missing", imageIds=[{"imageTag": "nothing"}])
    assert refused.value.response["Error"]["Code"] == "ImageNotFoundException"
