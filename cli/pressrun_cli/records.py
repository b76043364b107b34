"""Reading releases: records, evidence and requests, as one document per release."""

import json
from typing import Any

from pressrun.aws.artifacts import Artifacts
from pressrun.aws.evidence import Evidence
from pressrun.aws.tables import Decisions, Endpoints, Releases
from pressrun_cli.connection import Connection
from pressrun_cli.errors import CommandError

PRIVATE = {"task_token"}


class Reader:
    """Reads an installation's tables and evidence."""

    def __init__(self, connection: Connection) -> None:
        tables = connection.session.resource("dynamodb")
        self.releases = Releases(tables.Table(connection.output("ReleasesTableName")), "release_id", "record")
        self.endpoints = Endpoints(tables.Table(connection.output("EndpointsTableName")), "service", "stage")
        self.decisions = Decisions(tables.Table(connection.output("ApprovalsTableName")), "release_id", "approver")
        self.evidence = Evidence(Artifacts(connection.client("s3"), connection.output("ArtifactsBucketName")))

    def list(self, service: str | None) -> list[dict[str, Any]]:
        """Return releases, newest first."""
        if service:
            return self.releases.of_service(service)
        found = [item for item in self.releases.everything() if item["record"] == "release"]
        return sorted(found, key=lambda item: str(item["opened_at"]), reverse=True)

    def show(self, release_id: str) -> dict[str, Any]:
        """Return everything that is known of a release, without what is secret."""
        records = {item["record"]: _public(item) for item in self.releases.all_of(release_id)}
        if "release" not in records:
            raise CommandError(f"release {release_id!r} is not known; `pressrun releases` lists them")
        release = records.pop("release")
        return {
            **release,
            "approval_request": records.get("approval"),
            "rollouts": {name: _rollout(item) for name, item in records.items() if name.startswith("rollout#")},
            "decisions": [_public(item) for item in self.decisions.all_of(release_id)],
            "evidence": self.evidence.digests(release_id),
        }

    def request(self, release_id: str) -> dict[str, Any]:
        """Return a release's open request for approval."""
        found = self.releases.get(release_id, "approval")
        if found is None:
            raise CommandError(f"release {release_id!r} does not wait for an approval")
        return found


def _public(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in PRIVATE}


def _rollout(item: dict[str, Any]) -> dict[str, Any]:
    judge = item.get("judge")
    return {**item, "judge": json.loads(judge)} if isinstance(judge, str) else item
