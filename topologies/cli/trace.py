"""``shipsync trace NUMBER``: every step of an order, delivery or shipment across the topics, by time."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, iso
from topologies.operations.record_view import moment
from topologies.operations.terminal import PlainConsole, echo_json, one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

    from topologies.operations.order_trace import Step, Trace

INDENT = 14
FAR_MS = 60_000
"""A step that was told so much later than it happened says when it happened, too."""


def command(
    number: Annotated[str, typer.Argument(
        help="An order, an ERP delivery, CARRIER:NUMBER or a tracking number.", show_default=False, metavar="NUMBER",
    )],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show each step of an order from the ERP to the invoice, by time, with the record that tells it.

    An order is followed with all its deliveries and shipments, a delivery or a shipment alone. Steps are found by the
    ids that records bear. Exit 1 if nothing is known of the number.
    """
    from rich.progress import Progress

    from topologies.operations.order_trace import plain, trace

    errors = PlainConsole(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("reading")
        found = trace(
            current.stack_settings(), number,
            lambda what, done, total: bar.update(task, description=one_line(what), completed=done, total=total),
        )
    if as_json:
        told = plain(found)
        echo_json({**told, "steps": [_iso(one) for one in told["steps"]]})
        return
    out = PlainConsole()
    if out.is_terminal:
        out.print(*_drawn(found, out.width), sep="\n")
    else:
        _table(found).show(out)


def _iso(step: dict[str, Any]) -> dict[str, Any]:
    return {**step, "at": iso(step["at"]), "happened_at": iso(step["happened_at"])}


def _table(found: Trace) -> Table:
    """For a pipe: one line a step."""
    table = Table(
        Column("at", KEY), Column("step", KEY), Column("words"), Column("happened"), Column("topic"),
        Column("partition"), Column("offset"), Column("raw record"),
    )
    for one in found.steps:
        raw = "" if one.raw is None else _place(*one.raw)
        table.add(
            At(one.at), one.name, one.words, At(one.happened_at), one.topic, str(one.partition), str(one.offset), raw
        )
    return table


def _drawn(found: Trace, width: int) -> Iterator[RenderableType]:
    """For a terminal: a head, then two lines a step, the days between them."""
    from rich.padding import Padding
    from rich.text import Text

    for name, words in _heads(found):
        for place, line in enumerate(wrap(one_line(words), max(INDENT, width - INDENT))):
            yield Text.assemble((f"{'' if place else name:<{INDENT}}", "dim"), line)
    day = ""
    for step in found.steps:
        at = moment(step.at)
        if at[:10] != day:
            day = at[:10]
            yield Text(f"\n{day} UTC", "bold")
        yield Text.assemble(
            f"{at[11:23]:<{INDENT}}", (f"{one_line(step.name):<{INDENT}}", "bold"),
            (_place(step.topic, step.partition, step.offset), "dim"),
        )
        yield Padding(Text(one_line(step.words + _happened(step))), (0, 0, 0, INDENT))


def _heads(found: Trace) -> Iterator[tuple[str, str]]:
    """The ids that are followed, where each delivery stands, and which bookings somebody has to see to."""
    ids = found.ids
    for name, one in (("order", ids.orders), ("customer", ids.customers), ("shipments", ids.shipments)):
        if one:
            yield name, " ".join(sorted(one))
    for delivery in found.deliveries:
        wait = delivery.wait
        waits = "" if wait is None else f", waits for {wait.kind.value}: {wait.owner} sees to it"
        yield "delivery", f"{delivery.delivery_id} {delivery.phase.value.replace('_', ' ')}{waits}"
    for booking in found.bookings:
        if booking.wait is not None:
            phase = booking.phase.value.replace("_", " ")
            yield "booking", f"{booking.delivery_id} {phase}: {booking.wait.owner} sees to it"


def _happened(step: Step) -> str:
    """When what was told later happened, and the carrier's message it is from."""
    told = []
    if step.happened_at is not None and step.at - step.happened_at > FAR_MS:
        at = moment(step.happened_at)
        told.append(f"happened {at[:10]} {at[11:16]}")
    if step.raw is not None:
        told.append(f"from {_place(*step.raw)}")
    return f" ({', '.join(told)})" if told else ""


def _place(topic: str, partition: int, offset: int) -> str:
    return one_line(f"{topic}[{partition}] @ {offset}")
