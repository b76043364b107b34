"""ECR as AWS has it: an image that was asked for by name and is not there is an error, not an empty list."""

from typing import Any

from ministack.services import ecr

from localaws.overlay.seams import verify

SEAMS: dict[str, dict[str, str | None]] = {
    "ministack.services.ecr": {
        "_describe_images": "(data)",
        "_find_image": "(repo_name, image_id)",
        "error_response_json": None,
    },
}

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Replace DescribeImages by one that names the image it did not find."""
    verify(SEAMS)
    stock = ecr._describe_images

    def describe_images(data: dict[str, Any]) -> Answer:
        name = data.get("repositoryName", "")
        wanted = data.get("imageIds") or []
        missing = [image for image in wanted if name in ecr._repositories and not ecr._find_image(name, image)]
        if missing:
            told = ", ".join(f"{key}:'{value}'" for key, value in missing[0].items())
            message = f"The image with imageId {{{told}}} does not exist within the repository with name '{name}'"
            refused: Answer = ecr.error_response_json("ImageNotFoundException", message, 400)
            return refused
        answer: Answer = stock(data)
        return answer

    ecr._describe_images = describe_images
