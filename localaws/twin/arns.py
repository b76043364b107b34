"""ARNs of SageMaker's resources."""

from localaws.settings import REGION


def arn(account: str, kind: str, name: str) -> str:
    """Build the ARN of a SageMaker resource."""
    return f"arn:aws:sagemaker:{REGION}:{account}:{kind}/{name}"


def account_of(resource: str) -> str:
    """Return the account an ARN belongs to."""
    return resource.split(":")[4]


def parse(name_or_arn: str, kind: str, account: str) -> tuple[str, str]:
    """Return account and name of a resource given by its ARN, or by its name in the caller's account."""
    if name_or_arn.startswith("arn:"):
        return account_of(name_or_arn), name_or_arn.split(f":{kind}/", 1)[-1]
    return account, name_or_arn
