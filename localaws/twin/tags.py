"""AddTags, ListTags and DeleteTags."""

from typing import Any

from localaws.twin.call import Call, tag_map
from localaws.twin.errors import invalid
from localaws.twin.state import State

TABLES = {
    "model-package-group": "groups",
    "model-package": "packages",
    "model": "models",
    "endpoint-config": "configs",
    "endpoint": "endpoints",
}
MAX_TAGS = 50


class Tagging:
    """Tags of every resource the twin keeps."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add_tags(self, call: Call) -> dict[str, Any]:
        """Add or replace tags."""
        arn, tags = call.params["ResourceArn"], tag_map(call.params["Tags"])
        call.authorize(arn, tags=self._state.tags(arn), new_tags=tags)
        with self._state.lock:
            merged = {**self._existing(call, arn), **tags}
            if len(merged) > MAX_TAGS:
                raise invalid(f"{arn} would have {len(merged)} tags, at most {MAX_TAGS} are allowed")
            put_tags(self._state, arn, merged)
        return {"Tags": _tag_list(merged)}

    def list_tags(self, call: Call) -> dict[str, Any]:
        """List a resource's tags."""
        arn = call.params["ResourceArn"]
        call.authorize(arn, tags=self._state.tags(arn))
        return {"Tags": _tag_list(self._existing(call, arn))}

    def delete_tags(self, call: Call) -> None:
        """Remove tags by their keys."""
        arn, keys = call.params["ResourceArn"], call.params["TagKeys"]
        call.authorize(arn, tags=self._state.tags(arn), context={"aws:TagKeys": keys})
        with self._state.lock:
            left = {key: value for key, value in self._existing(call, arn).items() if key not in keys}
            put_tags(self._state, arn, left)

    def _existing(self, call: Call, arn: str) -> dict[str, str]:
        """Return the tags of a resource that exists in the caller's account."""
        kind, _, name = arn.split(":", 5)[5].partition("/")
        table = self._state.table(call.account, TABLES[kind]) if kind in TABLES else {}
        if arn.split(":")[4] != call.account or (name not in table and arn not in table):
            raise invalid(f'Could not find resource "{arn}".')
        return self._state.tags(arn)


def put_tags(state: State, arn: str, tags: dict[str, str]) -> None:
    """Set the tags of a resource; none removes the entry."""
    table = state.table(arn.split(":")[4], "tags")
    if tags:
        table[arn] = tags
    else:
        table.pop(arn, None)


def _tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Turn a mapping into SageMaker's list of tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
