"""``shipsync norms``: how long shipments usually stay in a status, learnt from past shipments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.terminal import echo_json

if TYPE_CHECKING:
    from streams.shipments.timers.expected_dwell import Usual


def command(
    carrier: Annotated[str | None, typer.Option(help="Only this carrier; * for all carriers together.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, durations in ms.")] = False,
) -> None:
    """Show how long shipments usually stay in a status, by carrier and lane, learnt from past shipments."""
    from streams.shipments.timers.expected_dwell import hours
    from topologies.stages import norm_table

    norms = [one for one in norm_table.read(current.stack_settings()) if carrier in (None, one.carrier)]
    norms.sort(key=lambda one: (one.carrier, one.status, one.lane))
    if as_json:
        echo_json([_plain(one) for one in norms])
        return
    table = Table(
        Column("carrier", KEY), Column("lane", KEY), Column("status", KEY), Column("dwells", 2, right=True),
        Column("half take", right=True), Column("95 of 100 take", right=True), title="Usual dwells, at most",
        empty="Nothing is learnt yet: shipments count some time after they have ended, see docs/alerts.md",
    )
    for one in norms:
        table.add(
            _whose(one.carrier), _whose(one.lane), one.status.value, f"{one.observations:,}",
            hours(one.median_ms), hours(one.usual_ms),
        )
    table.show()


def _whose(name: str) -> str:
    from streams.contracts.dwell_keys import ANY

    return "all" if name == ANY else name or "not known"


def _plain(one: Usual) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
