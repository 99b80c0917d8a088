"""``shipsync deadletters``: records that could not be used; to list them, and to replay some."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, note
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, named
from topologies.operations.terminal import echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from streams.contracts.model import DeadLetter
    from topologies.operations.dead_letter_replay import Trial

app = typer.Typer(
    help="List dead letters; replay some: show what would become of them, then do it.", no_args_is_help=True
)
Feed = Annotated[str | None, typer.Option(help="Only of this feed.")]
Step = Annotated[str | None, typer.Option(help="Only those this stage refused.")]
RefusedAs = Annotated[str | None, typer.Option("--refused-as", help="Only with this reason, such as malformed.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
EVENTS_SHOWN = 3


@app.callback()
def group() -> None:
    """List dead letters; replay some: show what would become of them, then do it."""


@app.command("list")
def list_letters(
    feed: Feed = None,
    step: Step = None,
    refused_as: RefusedAs = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """List records that could not be used, the newest first, and why."""
    from topologies.operations import dead_letter_replay

    found = dead_letter_replay.letters(current.stack_settings(), lambda one: _fits(one, feed, step, refused_as))
    if as_json:
        echo_json([humane({**named(one), "place": one.place}) for one in found[:limit]])
        return
    table = Table(
        Column("place", KEY), Column("refused", 2), Column("feed", 3), Column("reason"), Column("detail", 2),
        empty="No dead letter fits.",
    )
    for one in found[:limit]:
        table.add(one.place, At(one.failed_at), one.feed or "", one.reason, one.detail)
    table.show()
    if len(found) > limit:
        note(f"and {len(found) - limit} more: --limit {len(found)}")


@app.command("replay")
def replay(
    feed: Feed = None,
    step: Step = None,
    refused_as: RefusedAs = None,
    letter: Annotated[list[str] | None, typer.Option(
        help="This one, by the place that the list shows; can be given several times."
    )] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1, max=1000)] = 100,
    why: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only show what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the records of dead letters to their topics again; without --apply, show what would become of them.

    Those replayed before are left out, unless --letter names them. Exit 1 if none can be replayed.
    """
    from topologies.operations import dead_letter_replay

    if not (feed or step or refused_as or letter):
        raise typer.BadParameter("choose some: --feed, --step, --refused-as or --letter", param_hint="--letter")
    settings = current.stack_settings()
    places = set(letter or ())
    before = set[str]() if places else dead_letter_replay.replayed(settings)
    found = dead_letter_replay.letters(settings, lambda one: _fits(one, feed, step, refused_as) and (
        one.place in places if places else one.place not in before
    ))[:limit]
    trials = dead_letter_replay.tried(settings, found)
    able = [one.letter for one in trials if not one.why_not]
    written: list[str] = []
    if apply and able:
        written = dead_letter_replay.replay(
            settings, able, command_actor(settings), time.time_ns() // 1_000_000, why
        )
    if as_json:
        echo_json([humane({**_row(one), "replayed": one.letter.place in written}) for one in trials])
    else:
        _show(trials)
        if able:
            echo(f"{len(written)} are replayed." if apply else f"{len(able)} can be replayed: add --apply.")
    if not able:
        raise typer.Exit(ExitCode.FAILURE)


def _show(trials: list[Trial]) -> None:
    table = Table(
        Column("place", KEY), Column("reason", 2), Column("what would become of it"), empty="No dead letter fits."
    )
    for one in trials:
        table.add(one.letter.place, one.letter.reason, _words(one))
    table.show()


def _words(trial: Trial) -> str:
    """The outcome of a replay, in a line."""
    from topologies.operations.dead_letter_replay import key_of

    if trial.why_not:
        return f"not replayed: {trial.why_not}"
    if not trial.is_tried:
        return "it is read again"
    events = [f"{event.milestone.value} of {key_of(event)}" for event in trial.events[:EVENTS_SHOWN]]
    if len(trial.events) > EVENTS_SHOWN:
        events.append(f"{len(trial.events) - EVENTS_SHOWN} more events")
    if trial.refused:
        events.append(f"refused again: {trial.refused}")
    return "; ".join(events) or "no event, and no fault any more"


def _row(trial: Trial) -> dict[str, Any]:
    from topologies.operations.dead_letter_replay import key_of

    return {
        "place": trial.letter.place, "reason": trial.letter.reason, "why_not": trial.why_not, "tried": trial.is_tried,
        "refused": trial.refused, "events": [
            {"shipment": key_of(one), "milestone": one.milestone.value, "occurred_at": one.occurred_at}
            for one in trial.events
        ],
    }


def _fits(one: DeadLetter, feed: str | None, step: str | None, reason: str | None) -> bool:
    return feed in (None, one.feed) and step in (None, one.step) and reason in (None, one.reason)
