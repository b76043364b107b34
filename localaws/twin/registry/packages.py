"""Model packages: the versions of a group."""

import hashlib
import json
from typing import Any

from localaws.twin import arns
from localaws.twin.call import Call, tag_map
from localaws.twin.errors import invalid
from localaws.twin.listing import page, pick
from localaws.twin.outbox import Outbox
from localaws.twin.registry.changes import announce
from localaws.twin.registry.groups import existing_group, find_group
from localaws.twin.state import Record, State, now
from localaws.twin.tags import put_tags

KIND = "model-package"
_KEPT = [
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "AdditionalInferenceSpecifications",
    "CertifyForMarketplace",
    "MetadataProperties",
    "ModelMetrics",
    "Domain",
    "Task",
    "SamplePayloadUrl",
    "CustomerMetadataProperties",
    "DriftCheckBaselines",
    "SkipModelValidation",
    "SourceUri",
    "ModelLifeCycle",
]
_REPLACED = [
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
]
_SUMMARY = [
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
]
MAX_PROPERTIES = 50


class ModelPackages:
    """The operations on model packages; every change is an event."""

    def __init__(self, state: State, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox

    def create_model_package(self, call: Call) -> dict[str, Any]:
        """Register the next version of a group; the same client token registers it once."""
        if "ModelPackageGroupName" not in call.params:
            raise invalid("ModelPackageGroupName is missing: unversioned packages are not emulated by the embedded AWS")
        group_arn, found = find_group(self._state, call, call.params["ModelPackageGroupName"])
        tags = tag_map(call.params.get("Tags"))
        call.authorize_foreign(group_arn, (found or {}).get("ResourcePolicy"), self._state.tags(group_arn))
        with self._state.lock:
            group = existing_group(group_arn, found)
            arn = _version_arn(group, group["NextVersion"])
            call.authorize(arn, new_tags=tags)
            if repeated := self._repeated(call):
                return {"ModelPackageArn": repeated}
            package = _new_package(call, group, arn)
            group["NextVersion"] += 1
            self._state.table(arns.account_of(arn), "packages")[arn] = package
            put_tags(self._state, arn, tags)
            self._remember(call, arn)
        announce(self._outbox, package)
        return {"ModelPackageArn": arn}

    def describe_model_package(self, call: Call) -> dict[str, Any]:
        """Describe a version, also of another account's group that shares it."""
        return self._authorized(call, call.params["ModelPackageName"])

    def list_model_packages(self, call: Call) -> dict[str, Any]:
        """List versions, oldest first unless told otherwise."""
        account, name = call.account, call.params.get("ModelPackageGroupName")
        if name:
            arn, group = find_group(self._state, call, name)
            call.authorize_foreign(arn, (group or {}).get("ResourcePolicy"), self._state.tags(arn))
            account, name = arns.account_of(arn), existing_group(arn, group)["ModelPackageGroupName"]
        else:
            call.authorize("*")
        wanted = call.params.get("ModelApprovalStatus")
        with self._state.lock:
            packages = list(self._state.table(account, "packages").values())
        found = [
            pick(package, _SUMMARY)
            for package in packages
            if (name == package["ModelPackageGroupName"] if name else call.params.get("ModelPackageType"))
            and wanted in (None, package["ModelApprovalStatus"])
            and call.params.get("ModelPackageType") != "Unversioned"
        ]
        return page(
            found, call.params, result="ModelPackageSummaryList", name="ModelPackageGroupName", order="Ascending"
        )

    def update_model_package(self, call: Call) -> dict[str, Any]:
        """Change a version: its approval, descriptions, metadata, specification."""
        with self._state.lock:
            package = self._authorized(call, call.params["ModelPackageArn"])
            arn = package["ModelPackageArn"]
            if self._repeated(call):
                return {"ModelPackageArn": arn}
            changed = _changed(package, call)
            self._state.table(arns.account_of(arn), "packages")[arn] = changed
            self._remember(call, arn)
        announce(self._outbox, changed, [name for name in call.params if name != "ModelPackageArn"])
        return {"ModelPackageArn": arn}

    def delete_model_package(self, call: Call) -> None:
        """Delete a version; its number is not used again."""
        with self._state.lock:
            arn = self._authorized(call, call.params["ModelPackageName"])["ModelPackageArn"]
            del self._state.table(arns.account_of(arn), "packages")[arn]
            put_tags(self._state, arn, {})

    def _authorized(self, call: Call, name_or_arn: str) -> Record:
        """Return the package a call names, if the caller may."""
        arn, policy, package = find_package(self._state, call, name_or_arn)
        call.authorize_foreign(arn, policy, self._state.tags(arn))
        return existing_package(arn, package)

    def _repeated(self, call: Call) -> str | None:
        """Return what an earlier call with the same client token made."""
        token = call.params.get("ClientToken")
        earlier = self._state.table(call.account, "tokens").get(f"{call.operation} {token}") if token else None
        if earlier is None:
            return None
        if earlier["digest"] != _digest(call.params):
            raise invalid(f"The ClientToken {token!r} was used before with other parameters.")
        return str(earlier["arn"])

    def _remember(self, call: Call, arn: str) -> None:
        """Note what a client token made."""
        if token := call.params.get("ClientToken"):
            record = {"arn": arn, "digest": _digest(call.params)}
            self._state.table(call.account, "tokens")[f"{call.operation} {token}"] = record


def find_package(state: State, call: Call, name_or_arn: str) -> tuple[str, str | None, Record | None]:
    """Return the ARN a call means, the policy of its group, and the package behind it."""
    account, name = arns.parse(name_or_arn, KIND, call.account)
    arn = arns.arn(account, KIND, name)
    group = state.table(account, "groups").get(name.rpartition("/")[0], {})
    return arn, group.get("ResourcePolicy"), state.table(account, "packages").get(arn)


def existing_package(arn: str, package: Record | None) -> Record:
    """Refuse a package that does not exist."""
    if package is None:
        raise invalid(f"ModelPackage {arn} does not exist.")
    return package


def _version_arn(group: Record, version: int) -> str:
    """Build the ARN of a group's version."""
    account = arns.account_of(group["ModelPackageGroupArn"])
    return arns.arn(account, KIND, f"{group['ModelPackageGroupName']}/{version}")


def _new_package(call: Call, group: Record, arn: str) -> Record:
    """Build the record of a fresh version."""
    return {
        **pick(call.params, _KEPT),
        "ModelPackageName": group["ModelPackageGroupName"],
        "ModelPackageGroupName": group["ModelPackageGroupName"],
        "ModelPackageVersion": group["NextVersion"],
        "ModelPackageArn": arn,
        "CreationTime": now(),
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "ModelApprovalStatus": call.params.get("ModelApprovalStatus", "PendingManualApproval"),
        "CreatedBy": call.user_context,
    }


def _changed(package: Record, call: Call) -> Record:
    """Return a package with an update applied."""
    params = call.params
    changed = {**package, **pick(params, _REPLACED), "LastModifiedTime": now(), "LastModifiedBy": call.user_context}
    properties = {**package.get("CustomerMetadataProperties", {}), **params.get("CustomerMetadataProperties", {})}
    for name in params.get("CustomerMetadataPropertiesToRemove", []):
        properties.pop(name, None)
    if len(properties) > MAX_PROPERTIES:
        raise invalid(f"CustomerMetadataProperties would have {len(properties)} entries, at most {MAX_PROPERTIES}")
    changed["CustomerMetadataProperties"] = properties
    if not properties:
        del changed["CustomerMetadataProperties"]
    if added := params.get("AdditionalInferenceSpecificationsToAdd"):
        changed["AdditionalInferenceSpecifications"] = [*package.get("AdditionalInferenceSpecifications", []), *added]
    return changed


def _digest(params: dict[str, Any]) -> str:
    """Tell requests apart."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
