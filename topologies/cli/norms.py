"""``shipsync norms``: how long shipments usually stay in a status, learnt from past shipments."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from config import settings as configuration
from streams.contracts.dwell_keys import ANY
from streams.shipments.timers.expected_dwell import Usual, hours
from topologies.local_stack import stack_file
from topologies.operations.terminal import PlainConsole, PlainTable, echo, echo_json
from topologies.stages.norm_table import read


def command(
    carrier: Annotated[str | None, typer.Option(help="Only this carrier; * for all carriers together.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, durations in ms.")] = False,
) -> None:
    """Show how long shipments usually stay in a status, by carrier and lane, learnt from past shipments."""
    norms = [one for one in read(stack_file.resolve(configuration.load())) if carrier in (None, one.carrier)]
    norms.sort(key=lambda one: (one.carrier, one.status, one.lane))
    if as_json:
        echo_json([_plain(one) for one in norms])
        return
    if not norms:
        echo("Nothing is learnt yet: shipments count some time after they have ended, see docs/alerts.md")
        return
    table = PlainTable(
        "carrier", "lane", "status", "dwells", "half take", "95 of 100 take", title="Usual dwells, at most"
    )
    for one in norms:
        table.add_row(
            _whose(one.carrier), _whose(one.lane), one.status.value, f"{one.observations:,}",
            hours(one.median_ms), hours(one.usual_ms),
        )
    PlainConsole().print(table)


def _whose(name: str) -> str:
    return "all" if name == ANY else name or "not known"


def _plain(one: Usual) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}
