"""What a person follows: each version's way, told as the records change."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from localaws.demo.archives import Version
from localaws.demo.installation import ROOT, DemoError, Installation
from localaws.settings import ACCOUNTS
from pressrun.release.records import CLOSED
from pressrun_cli.connection import Connection
from pressrun_cli.records import Reader

SERVICE = "text-embedding"
PRESSRUN = ROOT / ".venv" / "bin" / "pressrun"
LONGEST_RELEASE_SECONDS = 600
POLL_SECONDS = 0.5
LONGEST_REASON = 130

Tell = Callable[[str], None]


class Newsroom:
    """Alice registers and approves packages, Bob approves prod: two people, as the rules want."""

    def __init__(self, running: Installation, tell: Tell) -> None:
        self._running = running
        self._tell = tell
        self._tools = ACCOUNTS["tools"]
        self.reader = Reader(Connection())

    def pressrun(self, *arguments: str, person: str | None = None) -> Any:
        """Run the command line as an operator would; return its JSON."""
        role = ["--role", f"arn:aws:iam::{self._tools}:role/{person}"] if person else []
        shown = " ".join(arguments)
        self._tell(f"$ pressrun {shown}" + (f"    ({person})" if person else ""))
        done = subprocess.run(
            [str(PRESSRUN), *role, *arguments, "--json"],
            cwd=ROOT,
            env=self._running.as_account(self._tools),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"pressrun {shown}: {done.stderr.strip()[-2000:]}")
        return json.loads(done.stdout)

    def release(self, version: Version, archive: Path) -> dict[str, Any]:
        """Register and approve a version, approve prod when asked, and follow its release to the end."""
        began = time.time()
        package = self.pressrun(
            "package", SERVICE, "--archive", str(archive.relative_to(ROOT)), "--description", version.what, "--approve",
            person="alice",
        )  # fmt: skip
        record = self._follow(package["arn"])
        found = {
            "version": version.name,
            "what": version.what,
            "release_id": record["release_id"],
            "status": record["status"],
            "expected": version.ends,
            "failure": record.get("failure"),
            "stages_touched": record["stages_touched"],
            "began": began,
            "ended": time.time(),
            "seconds": round(time.time() - began, 1),
            "rollout": self._rollout(record),
        }
        failure = f": {record['failure']['error']}" if record.get("failure") else ""
        self._tell(f"{record['release_id']}  {record['status'].upper()}{failure}")
        return found

    def _follow(self, arn: str) -> dict[str, Any]:
        deadline = time.time() + LONGEST_RELEASE_SECONDS
        told: list[str] = []
        approved = False
        while time.time() < deadline:
            record = next((r for r in self.reader.list(SERVICE) if r["model_package_arn"] == arn), None)
            if record:
                self._tell_change(record, told)
                if record["status"] == "awaiting_approval" and not approved:
                    approved = self._approve(record["release_id"])
                if record["status"] in CLOSED:
                    return record
            time.sleep(POLL_SECONDS)
        raise DemoError(f"the release of {arn} did not end within {LONGEST_RELEASE_SECONDS} s; last: {told[-1:]}")

    def _approve(self, release_id: str) -> bool:
        if self.reader.releases.get(release_id, "approval") is None:
            return False
        self.pressrun("release", "approve", release_id, "--reason", "evidence of dev and qa looked at", person="bob")
        return True

    def _tell_change(self, record: dict[str, Any], told: list[str]) -> None:
        now = str(record["phase"])
        if not told or told[-1] != now:
            told.append(now)
            why = ""
            if record["status"] == "rolling_out":
                why = _judged(self.reader.releases.get(record["release_id"], "rollout#prod"))
            self._tell(f"{record['release_id']}  {now}{why}")

    def _rollout(self, record: dict[str, Any]) -> dict[str, Any] | None:
        names = self.reader.evidence.digests(record["release_id"])
        if "prod-rollout" not in names:
            return None
        return self.reader.evidence.get(record["release_id"], "prod-rollout")


def _judged(rollout: dict[str, Any] | None) -> str:
    """Return the judge's last reason, cut to a line."""
    decision = json.loads((rollout or {}).get("decision") or "{}")
    return f": {decision['reason'][:LONGEST_REASON]}" if decision else ""
