"""The tables of releases, endpoints and decisions."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from botocore.exceptions import ClientError

from pressrun.aws.sessions import own_session
from pressrun.clock import iso, now
from pressrun.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = dict[str, Any]


class Keyed:
    """A table with a hash and a range key; floats are kept as decimals."""

    def __init__(self, table: Table, hash_key: str, range_key: str) -> None:
        self.table = table
        self._keys = (hash_key, range_key)

    def get(self, hash_value: str, range_value: str) -> Item | None:
        """Return an item as it is now, or None."""
        answer = self.table.get_item(Key=self._key(hash_value, range_value), ConsistentRead=True)
        found = answer.get("Item")
        return None if found is None else plain(found)

    def put_new(self, item: Item) -> bool:
        """Write an item if its key is free; tell whether it was."""
        return self.put_if(item, f"attribute_not_exists({self._keys[0]})")

    def put_if(
        self, item: Item, condition: str, values: Item | None = None, names: dict[str, str] | None = None
    ) -> bool:
        """Write an item if the condition holds for the one that stands there; tell whether it did."""
        extra: Item = {"ConditionExpression": condition}
        if values:
            extra["ExpressionAttributeValues"] = stored(values)
        if names:
            extra["ExpressionAttributeNames"] = names
        return accepted(lambda: self.table.put_item(Item=stored(item), **extra))

    def put(self, item: Item) -> None:
        """Write an item whatever stands there."""
        self.table.put_item(Item=stored(item))

    def update(self, hash_value: str, range_value: str, *, condition: Item | None = None, **values: Any) -> bool:
        """Set attributes (None removes one) if every attribute in ``condition`` has its value (None: is absent).

        Returns:
            False when the condition does not hold; nothing is written then.
        """
        names: dict[str, str] = {}
        bound: Item = {}
        sets, removes, conditions = [], [], []
        for number, (name, value) in enumerate(values.items()):
            names[f"#u{number}"] = name
            if value is None:
                removes.append(f"#u{number}")
            else:
                bound[f":u{number}"] = value
                sets.append(f"#u{number} = :u{number}")
        for number, (name, value) in enumerate((condition or {}).items()):
            names[f"#c{number}"] = name
            if value is None:
                conditions.append(f"attribute_not_exists(#c{number})")
            else:
                bound[f":c{number}"] = value
                conditions.append(f"#c{number} = :c{number}")
        expression = (f"SET {', '.join(sets)} " if sets else "") + (f"REMOVE {', '.join(removes)}" if removes else "")
        extra: Item = {"ExpressionAttributeNames": names}
        if bound:
            extra["ExpressionAttributeValues"] = stored(bound)
        if conditions:
            extra["ConditionExpression"] = " AND ".join(conditions)
        return accepted(
            lambda: self.table.update_item(
                Key=self._key(hash_value, range_value), UpdateExpression=expression.strip(), **extra
            )
        )

    def delete(self, hash_value: str, range_value: str, *, condition: Item | None = None) -> bool:
        """Delete an item if every attribute in ``condition`` has its value."""
        extra: Item = {}
        if condition:
            extra["ConditionExpression"] = " AND ".join(f"#c{n} = :c{n}" for n in range(len(condition)))
            extra["ExpressionAttributeNames"] = {f"#c{n}": name for n, name in enumerate(condition)}
            extra["ExpressionAttributeValues"] = stored({f":c{n}": value for n, value in enumerate(condition.values())})
        return accepted(lambda: self.table.delete_item(Key=self._key(hash_value, range_value), **extra))

    def all_of(self, hash_value: str) -> list[Item]:
        """Return every item of one hash key, by range key."""
        return self._pages(
            "query",
            KeyConditionExpression="#h = :h",
            ExpressionAttributeNames={"#h": self._keys[0]},
            ExpressionAttributeValues={":h": hash_value},
            ConsistentRead=True,
        )

    def everything(self) -> list[Item]:
        """Return every item of the table."""
        return self._pages("scan", ConsistentRead=True)

    def _pages(self, operation: str, **arguments: Any) -> list[Item]:
        call = getattr(self.table, operation)
        found: list[Item] = []
        while True:
            answer = call(**arguments)
            found += [plain(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            arguments["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _key(self, hash_value: str, range_value: str) -> Item:
        return {self._keys[0]: hash_value, self._keys[1]: range_value}


class Releases(Keyed):
    """Records of releases: `release`, `approval`, `rollout#<stage>`."""

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own table."""
        return cls(own_session().resource("dynamodb").Table(settings().releases_table), "release_id", "record")

    def release(self, release_id: str) -> Item:
        """Return a release's main record.

        Raises:
            KeyError: there is no such release.
        """
        found = self.get(release_id, "release")
        if found is None:
            raise KeyError(f"release {release_id!r} is not in table {self.table.name!r}")
        return found

    def of_service(self, service: str) -> list[Item]:
        """Return a service's releases, newest first."""
        return self._pages(
            "query",
            IndexName="by-service",
            KeyConditionExpression="service = :s",
            ExpressionAttributeValues={":s": service},
            ScanIndexForward=False,
        )

    def note(self, release_id: str, phase: str, **values: Any) -> None:
        """Say what a release is doing now, for people."""
        self.update(release_id, "release", phase=phase, updated_at=iso(now()), **values)


class Endpoints(Keyed):
    """Endpoints by service and stage, and each service's lease (stage `lease`)."""

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own table."""
        return cls(own_session().resource("dynamodb").Table(settings().endpoints_table), "service", "stage")


class Decisions(Keyed):
    """Approvers' decisions; written by `decide_approval` alone."""

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own table."""
        return cls(own_session().resource("dynamodb").Table(settings().approvals_table), "release_id", "approver")


def accepted(call: Any) -> bool:
    """Make a conditional call; tell whether its condition held."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def stored(value: Any) -> Any:
    """Return the value as DynamoDB takes it: floats as decimals."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, dict):
        return {key: stored(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [stored(part) for part in value]
    return value


def plain(value: Any) -> Any:
    """Return the value as JSON has it: decimals as numbers, sets as sorted lists."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value
