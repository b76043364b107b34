"""`pressrun releases` and `pressrun release`: look at releases, decide, stop, retry, go back."""

import time
from typing import Annotated, Any

import typer

from pressrun.release.records import CLOSED
from pressrun_cli.api import post
from pressrun_cli.arguments import AsJson, connection_of
from pressrun_cli.records import Reader
from pressrun_cli.screen import coloured, console, emit, say, show_table

app = typer.Typer(no_args_is_help=True, help="One release: look at it, decide, stop, retry, go back.")

ReleaseId = Annotated[str, typer.Argument(help="The release id, as `pressrun releases` prints it.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the record.")]
WATCH_SECONDS = 2
COLUMNS = ["release", "status", "phase", "opened", "closed by"]


def releases(
    context: typer.Context,
    service: Annotated[str | None, typer.Option(help="Only this service's.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Print each change until all releases have ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """List releases, newest first."""
    reader = Reader(connection_of(context))
    if watch:
        _watch(reader, service)
        return
    found = reader.list(service)
    if emit(found, as_json=as_json):
        return
    show_table(
        COLUMNS,
        [
            [item["release_id"], coloured(item["status"]), item["phase"], item["opened_at"], _ended(item)]
            for item in found
        ],
    )


@app.command()
def show(context: typer.Context, release_id: ReleaseId, as_json: AsJson = False) -> None:
    """Show what a release is made of, what it proved, and why it ended."""
    found = Reader(connection_of(context)).show(release_id)
    if emit(found, as_json=as_json):
        return
    say(f"[bold]{release_id}[/bold]  {coloured(found['status'])}  {found['phase']}")
    for key in ("service", "model_package_arn", "opened_at", "closed_at", "closed_by", "close_reason", "requested_by"):
        if found.get(key):
            say(f"  {key.replace('_', ' ')}: {found[key]}")
    if found.get("failure"):
        failure = found["failure"]
        say(f"  [red]{failure['error']}[/red] ({failure['stage']}): {failure['cause']}")
    _show_request(found["approval_request"], found["status"])
    for decision in found["decisions"]:
        say(f"  {decision['decision']} by {decision['arn']}: {decision['reason'] or 'no reason given'}")
    for name, rollout in found["rollouts"].items():
        say(f"  {name}: poll {rollout.get('poll', '-')}, {rollout.get('reason', '')}")
    say("  evidence:")
    for name, sha256 in found["evidence"].items():
        say(f"    {name:32} {sha256}")


@app.command()
def evidence(context: typer.Context, release_id: ReleaseId, name: Annotated[str, typer.Argument()]) -> None:
    """Print one document of a release's evidence."""
    emit(Reader(connection_of(context)).evidence.get(release_id, name), as_json=True)


@app.command()
def approve(
    context: typer.Context,
    release_id: ReleaseId,
    reason: Reason = "",
    evidence_digest: Annotated[str, typer.Option(help="Of the evidence you looked at; else today's is taken.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say yes to a release that waits; bound to the evidence."""
    _decide(context, release_id, "approve", reason, evidence_digest, as_json)


@app.command()
def reject(
    context: typer.Context,
    release_id: ReleaseId,
    reason: Reason = "",
    evidence_digest: Annotated[str, typer.Option(help="Of the evidence you looked at; else today's is taken.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say no to a release that waits."""
    _decide(context, release_id, "reject", reason, evidence_digest, as_json)


@app.command()
def abort(
    context: typer.Context,
    release_id: ReleaseId,
    reason: Annotated[str, typer.Option(help="Why; it stands in the record.", prompt=True)],
    as_json: AsJson = False,
) -> None:
    """Stop a release; every stage it touched goes back."""
    _told(post(connection_of(context), f"/releases/{release_id}/abort", {"reason": reason}), as_json)


@app.command()
def retry(
    context: typer.Context,
    release_id: ReleaseId,
    reason: Annotated[str, typer.Option(help="Why; it stands in the record.", prompt=True)],
    as_json: AsJson = False,
) -> None:
    """Open another attempt of a release that ended unpromoted."""
    _told(post(connection_of(context), f"/releases/{release_id}/retry", {"reason": reason}), as_json)


@app.command("roll-back")
def roll_back(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the record.", prompt=True)],
    to: Annotated[str | None, typer.Option(help="The release to go back to; else the one before.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take a service back to its last proven release; needs no approval, but an identity and a reason."""
    _told(post(connection_of(context), f"/services/{service}/roll-back", {"to": to, "reason": reason}), as_json)


def _decide(
    context: typer.Context, release_id: str, decision: str, reason: str, evidence_digest: str, as_json: bool
) -> None:
    connection = connection_of(context)
    seen = evidence_digest or Reader(connection).request(release_id)["evidence_digest"]
    body = {"decision": decision, "evidence_digest": seen, "reason": reason}
    _told(post(connection, f"/releases/{release_id}/decision", body), as_json)


def _told(answer: dict[str, Any], as_json: bool) -> None:
    if not emit(answer, as_json=as_json):
        say(", ".join(f"{key.replace('_', ' ')}: {value}" for key, value in answer.items()))


def _show_request(request: dict[str, Any] | None, status: str) -> None:
    if request and status == "awaiting_approval":
        say(f"  waits for approval of {request['stage']} until {request['deadline_at']}")
        say(f"  evidence digest: {request['evidence_digest']}")


def _ended(item: dict[str, Any]) -> str:
    failure = item.get("failure") or {}
    return str(failure.get("error") or item.get("closed_by", ""))


def _watch(reader: Reader, service: str | None) -> None:
    seen: dict[str, tuple[str, str]] = {}
    while True:
        found = reader.list(service)
        for item in reversed(found):
            state = (str(item["status"]), str(item["phase"]))
            if seen.get(item["release_id"]) != state:
                seen[item["release_id"]] = state
                console.print(f"{item['updated_at']}  {item['release_id']}  {coloured(state[0])}  {state[1]}")
        if found and all(item["status"] in CLOSED for item in found):
            return
        time.sleep(WATCH_SECONDS)
