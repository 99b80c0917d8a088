"""``shipsync postings``: what waits to be posted into ERPs, or told to them, and why."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.outbound_vocabulary import DecisionKind
from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from streams.postings.pending import Placed

app = typer.Typer(
    help="Show what waits to be posted into ERPs, or told to them, and why (docs/erp.md).", no_args_is_help=False,
    rich_markup_mode="rich",
)
MOST_LINES = 50
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Message = Annotated[str, typer.Argument(help="The posting's message, as list shows it.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why, for those who look later.")]


@app.callback(invoke_without_command=True)
def postings(context: typer.Context, as_json: AsJson = False) -> None:
    """Show what waits to be posted into ERPs, or told to them, and why (docs/erp.md)."""
    if context.invoked_subcommand is None:
        list_postings(as_json=as_json)


@app.command("list")
def list_postings(
    delivery: Annotated[str | None, typer.Argument(help="Only this ERP delivery's.", show_default=False)] = None,
    erp: Annotated[str | None, typer.Option(help="Only this ERP's.", show_default=False)] = None,
    whole: Annotated[bool, typer.Option("--all", help="Those that are done with as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List postings and notices that are not done with, and why; those that wait for a person first."""
    from topologies.operations.posting_board import Wanted, board

    found = board(current.stack_settings(), Wanted(not whole, delivery, erp))
    if as_json:
        echo_json([_plain(one) for one in found])
        return
    table = Table(
        Column("message", KEY), Column("delivery", KEY), Column("posting"), Column("state"), Column("why"),
        Column("queued", 2), Column("next", 2), Column("tries", 3, right=True), Column("ERP", 4),
        empty="There is no posting." if whole else "No posting is pending.", most=MOST_LINES,
        rest="shipsync postings list --json",
    )
    for one in found:
        outcome = one.outcome
        table.add(
            outcome.message_id, outcome.queue, one.what, outcome.status.value, one.why, At(outcome.queued_at),
            At(outcome.next_at), str(outcome.attempts), outcome.owner,
        )
    table.show()


@app.command("retry")
def retry(message: Message, reason: Reason = "", as_json: AsJson = False) -> None:
    """Try a posting again now: one that was refused, or one that waits for its next try."""
    _decide(message, DecisionKind.RETRY, reason, as_json=as_json)


@app.command("abandon")
def abandon(message: Message, reason: Reason = "", as_json: AsJson = False) -> None:
    """Give up a posting that an ERP refused; the next one of its delivery goes on."""
    _decide(message, DecisionKind.GIVE_UP, reason, as_json=as_json)


def _decide(message: str, kind: DecisionKind, reason: str, *, as_json: bool) -> None:
    from topologies.operations.posting_board import decide

    settings = current.stack_settings()
    found = decide(settings, message, kind, reason, command_actor(settings), time.time_ns() // 1_000_000)
    if as_json:
        echo_json(_plain(found))
        return
    done = "is tried again" if kind is DecisionKind.RETRY else "is given up"
    echo(f"{message} ({found.what} of delivery {found.outcome.queue}) {done}.")


def _plain(one: Placed) -> dict[str, Any]:
    from msgspec import to_builtins

    return {**to_builtins(one.outcome), "what": one.what, "why": one.why}
