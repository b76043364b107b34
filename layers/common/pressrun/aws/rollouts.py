"""Rollouts in the tables, and what is told about them."""

from datetime import datetime
from typing import Any, Self

from pressrun.aws.events import Bus
from pressrun.aws.evidence import Evidence
from pressrun.aws.tables import Decisions, Item, Releases
from pressrun.clock import parse_iso
from pressrun.rollout.record import Rollout
from pressrun.settings import Stage

# Approvers' answers to a rollout stand under this prefix, those to an approval under another.
_QUESTION = "rollout#"


class RolloutTable:
    """Rollout records: `rollout#<stage>`, and one `rollout#<stage>#<number>` for each poll."""

    def __init__(self, releases: Releases) -> None:
        self._releases = releases

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own table."""
        return cls(Releases.here())

    def rollout(self, release_id: str, stage: Stage) -> Rollout | None:
        """Return a rollout, or None."""
        found = self._releases.get(release_id, _record(stage))
        return None if found is None else _read(found)

    def open(self, rollout: Rollout) -> Rollout:
        """Record a new rollout; return the one that stands there if it was opened before."""
        document = rollout.model_dump(mode="json", exclude_none=True)
        if self._releases.put_new({**document, "record": _record(rollout.stage)}):
            return rollout
        return self.rollout(rollout.release_id, rollout.stage) or rollout

    def change(self, rollout: Rollout, **values: Any) -> Rollout:
        """Record changed attributes and return the rollout with them."""
        changed = rollout.model_copy(update=values)
        self._releases.update(rollout.release_id, _record(rollout.stage), **_written(changed, set(values)))
        return changed

    def judged(self, rollout: Rollout, poll: dict[str, Any], **values: Any) -> Rollout:
        """Record a judged poll, unless one of this number was recorded before; return what stands there."""
        changed = rollout.model_copy(update=values)
        key = f"{_record(rollout.stage)}#{rollout.number:05d}"
        self._releases.put_new({"release_id": rollout.release_id, "record": key, **poll})
        if self._releases.update(
            rollout.release_id,
            _record(rollout.stage),
            condition={"number": rollout.number - 1},
            **_written(changed, {*values, "number"}),
        ):
            return changed
        return self.rollout(rollout.release_id, rollout.stage) or changed

    def polls(self, rollout: Rollout) -> list[dict[str, Any]]:
        """Return the polls that were judged, oldest first."""
        prefix = f"{_record(rollout.stage)}#"
        return [
            {key: value for key, value in item.items() if key not in {"release_id", "record"}}
            for item in self._releases.all_of(rollout.release_id)
            if item["record"].startswith(prefix)
        ]


class RolloutOperators:
    """Operators' answers to an inconclusive rollout, from the table of decisions."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own table."""
        return cls(Decisions.here())

    def answer(self, release_id: str, since: datetime) -> str | None:
        """Return ``approve`` or ``reject`` if one was given since then; one no outweighs every yes."""
        given = {
            item["decision"]
            for item in self._decisions.all_of(release_id)
            if item["approver"].startswith(_QUESTION) and parse_iso(item["decided_at"]) > since
        }
        return next((decision for decision in ("reject", "approve") if decision in given), None)


class RolloutNews:
    """Own events and evidence of rollouts."""

    def __init__(self, bus: Bus, evidence: Evidence) -> None:
        self._bus = bus
        self._evidence = evidence

    @classmethod
    def here(cls) -> Self:
        """Reach the installation's own bus and evidence."""
        return cls(Bus.here(), Evidence.here())

    def inconclusive(self, rollout: Rollout, decision: dict[str, Any]) -> None:
        """Write what an operator has to decide on, and say that one is needed."""
        digest = self._evidence.put(
            rollout.release_id,
            f"{rollout.stage}-rollout-inconclusive",
            {"decision": decision, "polls": rollout.number + 1, "judge": rollout.judge or ""},
        )
        self._bus.put(
            "RolloutInconclusive",
            {
                **_detail(rollout),
                "reason": decision["reason"],
                "missing": decision["missing"],
                "evidence_digest": digest,
            },
        )

    def stepped(self, rollout: Rollout, share: float, poll: int, reason: str) -> None:
        """Say that the canary gets another share."""
        self._bus.put("RolloutStepped", {**_detail(rollout), "share": share, "poll": poll, "reason": reason})

    def over(self, rollout: Rollout, document: dict[str, Any]) -> None:
        """Write the evidence of a rollout that is over."""
        self._evidence.put(rollout.release_id, f"{rollout.stage}-rollout", document)


def _detail(rollout: Rollout) -> dict[str, Any]:
    return {
        "release_id": rollout.release_id,
        "service": rollout.service,
        "stage": rollout.stage,
        "endpoint_name": rollout.endpoint_name,
    }


def _record(stage: Stage) -> str:
    return f"rollout#{stage}"


def _read(item: Item) -> Rollout:
    return Rollout.model_validate({key: value for key, value in item.items() if key != "record"})


def _written(rollout: Rollout, names: set[str]) -> Item:
    """Return attributes as the table keeps them; None removes one."""
    return rollout.model_dump(mode="json", include=names)
