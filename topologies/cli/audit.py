"""``shipsync audit``: who did what, and when."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, note
from topologies.operations.record_view import humane, named
from topologies.operations.terminal import echo_json

if TYPE_CHECKING:
    from streams.contracts.model import AuditAction

MOST_ROWS = 50
_SPAN = re.compile(r"([1-9]\d{0,5})([mhd])")
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def command(
    who: Annotated[str | None, typer.Option(help="Only of whose name this is a part.")] = None,
    subject: Annotated[str | None, typer.Option(
        help="Only about this: an alert's id, CARRIER:NUMBER, TYPE:REFERENCE, a feed."
    )] = None,
    action: Annotated[str | None, typer.Option(help="Only of this kind, such as alert.resolve.")] = None,
    since: Annotated[str | None, typer.Option(help="Only of the last 30m, 4h or 7d.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = MOST_ROWS,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List what people and programs did: in the control tower, by the API and by commands."""
    from topologies.operations import audit_trail

    asked = audit_trail.Asked(who, subject, action, None if since is None else _instant(since))
    found = audit_trail.actions(current.stack_settings(), asked)
    if as_json:
        echo_json([humane(named(one)) for one in found[:limit]])
        return
    table = Table(
        Column("when", KEY), Column("who", KEY), Column("by way of", 3), Column("action"), Column("on"),
        Column("what and why", 2), empty="No action fits.",
    )
    for one in found[:limit]:
        failed = one.outcome == "failed"
        table.add(
            At(one.at), one.who, one.channel.value, one.action, f"{one.subject_kind.value} {one.subject}",
            ("failed; " if failed else "") + in_words(one), style="red" if failed else "",
        )
    table.show()
    if len(found) > limit:
        note(f"and {len(found) - limit} more: --limit {len(found)}")


def in_words(action: AuditAction) -> str:
    """The reason, and each parameter with what it was before."""
    details = [
        f"{one.name} {one.before} -> {one.value or 'nothing'}" if one.before is not None else f"{one.name} {one.value}"
        for one in action.details
    ]
    return "; ".join(filter(None, [action.reason, *details]))


def _instant(span: str) -> int:
    found = _SPAN.fullmatch(span)
    if found is None:
        raise typer.BadParameter(f"{span!r}: write 30m, 4h or 7d", param_hint="--since")
    return time.time_ns() // 1_000_000 - int(found[1]) * _UNITS_MS[found[2]]
