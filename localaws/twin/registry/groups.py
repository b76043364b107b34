"""Model package groups and their policies."""

import json
from typing import Any

from localaws.twin import arns
from localaws.twin.call import Call, tag_map
from localaws.twin.errors import ServiceError, invalid
from localaws.twin.listing import page, pick
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

KIND = "model-package-group"


class ModelPackageGroups:
    """The operations on model package groups."""

    def __init__(self, state: State) -> None:
        self._state = state

    def create_model_package_group(self, call: Call) -> dict[str, Any]:
        """Create an empty group."""
        name, tags = call.params["ModelPackageGroupName"], tag_map(call.params.get("Tags"))
        arn = arns.arn(call.account, KIND, name)
        call.authorize(arn, new_tags=tags)
        with self._state.lock:
            groups = self._state.table(call.account, "groups")
            if name in groups:
                raise invalid(f"Model Package Group already exists: {arn}")
            groups[name] = {
                **pick(call.params, ["ModelPackageGroupName", "ModelPackageGroupDescription"]),
                "ModelPackageGroupArn": arn,
                "CreationTime": now(),
                "CreatedBy": call.user_context,
                "ModelPackageGroupStatus": "Completed",
                "NextVersion": 1,
            }
            put_tags(self._state, arn, tags)
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, call: Call) -> dict[str, Any]:
        """Describe a group, also another account's that shares it."""
        group = self._authorized(call)
        return {name: value for name, value in group.items() if name not in ("NextVersion", "ResourcePolicy")}

    def list_model_package_groups(self, call: Call) -> dict[str, Any]:
        """List the account's groups."""
        call.authorize("*")
        members = ["ModelPackageGroupName", "ModelPackageGroupArn", "ModelPackageGroupDescription", "CreationTime"]
        with self._state.lock:
            groups = list(self._state.table(call.account, "groups").values())
        summaries = [pick(group, [*members, "ModelPackageGroupStatus"]) for group in groups]
        if call.params.get("CrossAccountFilterOption") == "CrossAccount":
            summaries = []
        return page(
            summaries,
            call.params,
            result="ModelPackageGroupSummaryList",
            name="ModelPackageGroupName",
            order="Ascending",
        )

    def delete_model_package_group(self, call: Call) -> None:
        """Delete a group that has no versions left."""
        with self._state.lock:
            group = self._authorized(call)
            arn, account = group["ModelPackageGroupArn"], arns.account_of(group["ModelPackageGroupArn"])
            packages = self._state.table(account, "packages").values()
            if any(package["ModelPackageGroupName"] == group["ModelPackageGroupName"] for package in packages):
                raise ServiceError(
                    "ConflictException",
                    f"Model Package Group cannot be deleted because it still contains Model Packages: {arn}",
                )
            del self._state.table(account, "groups")[group["ModelPackageGroupName"]]
            put_tags(self._state, arn, {})

    def put_model_package_group_policy(self, call: Call) -> dict[str, Any]:
        """Set the policy that shares a group with other accounts."""
        group = self._authorized(call)
        try:
            statements = json.loads(call.params["ResourcePolicy"])["Statement"]
        except (ValueError, KeyError, TypeError) as error:
            raise invalid("ResourcePolicy is not a policy document: expected JSON with a Statement") from error
        if not statements:
            raise invalid("ResourcePolicy has no statement")
        group["ResourcePolicy"] = call.params["ResourcePolicy"]
        return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}

    def get_model_package_group_policy(self, call: Call) -> dict[str, Any]:
        """Return a group's policy."""
        group = self._authorized(call)
        return {"ResourcePolicy": self._policy(group)}

    def delete_model_package_group_policy(self, call: Call) -> None:
        """Remove a group's policy."""
        group = self._authorized(call)
        self._policy(group)
        del group["ResourcePolicy"]

    def _policy(self, group: Record) -> str:
        """Return the policy of a group that has one."""
        if "ResourcePolicy" not in group:
            raise invalid(f"Cannot find Model Package Group Policy for {group['ModelPackageGroupArn']}.")
        return str(group["ResourcePolicy"])

    def _authorized(self, call: Call) -> Record:
        """Return the group a call names, if the caller may."""
        arn, group = find_group(self._state, call, call.params["ModelPackageGroupName"])
        call.authorize_foreign(arn, (group or {}).get("ResourcePolicy"), self._state.tags(arn))
        return existing_group(arn, group)


def find_group(state: State, call: Call, name_or_arn: str) -> tuple[str, Record | None]:
    """Return the ARN a call means, and the group behind it."""
    account, name = arns.parse(name_or_arn, KIND, call.account)
    return arns.arn(account, KIND, name), state.table(account, "groups").get(name)


def existing_group(arn: str, group: Record | None) -> Record:
    """Refuse a group that does not exist."""
    if group is None:
        raise invalid(f"ModelPackageGroup {arn} does not exist.")
    return group
