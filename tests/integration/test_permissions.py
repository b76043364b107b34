"""A statement that is missing in a role's policy shows as a refusal that names role and action."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.product import Echo, Product
from tests.integration.standing import failure, serving


@contextmanager
def without(product: Product, account: str, role: str, sid: str) -> Iterator[None]:
    """Take a statement out of a role's inline policy, and put it back."""
    iam = product.client("iam", account)
    (role,) = [each["RoleName"] for each in iam.list_roles()["Roles"] if each["RoleName"].startswith(role)]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    whole = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    less = [statement for statement in whole["Statement"] if statement["Sid"] != sid]
    assert len(less) == len(whole["Statement"]) - 1
    if less:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps({**whole, "Statement": less}))
    else:  # a policy holds at least one statement
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(whole))


def test_a_statement_missing_in_a_workload_account_is_named(product: Product, live: Echo) -> None:
    before = serving(live)
    with without(product, "dev", "pressrun-deployment", "MakeTagged"):
        found = failure(live, live.approve())
    assert "AccessDenied" in found["cause"]
    assert "assumed-role/pressrun-deployment/" in found["cause"]
    assert "is not authorized to perform: sagemaker:CreateModel" in found["cause"]
    assert serving(live) == before


def test_a_statement_missing_in_a_functions_role_is_named(product: Product, live: Echo) -> None:
    before = serving(live)
    with without(product, "tools", "pressrun-PlanReleaseFunctionRole", "ReadTheRegistry"):
        found = failure(live, live.approve())
    assert "AccessDenied" in found["cause"]
    assert "assumed-role/pressrun-PlanReleaseFunctionRole" in found["cause"]
    assert "is not authorized to perform: sagemaker:DescribeModelPackage" in found["cause"]
    assert serving(live) == before
