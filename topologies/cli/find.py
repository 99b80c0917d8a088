"""``shipsync find TEXT``: shipments and orders by any number, from the read model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from topologies.cli import read_model
from topologies.cli.tables import KEY, At, Column, Table, note
from topologies.operations.terminal import echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from connectors.read_store.reader import ReadStore
    from streams.contracts.model import OrderState, ShipmentState

MOST_OF_A_CUSTOMER, MOST_NEAR = 50, 5
RECENT_ORDERS, CLOSE = 1_000, 0.75
"""Orders among which a nearly equal number is looked for, and how alike it must be, of 1."""


class Hits(NamedTuple):
    """The result of a search: shipments with the kinds of numbers that led to each, and orders."""

    shipments: list[tuple[ShipmentState, list[str]]]
    orders: list[OrderState]


def command(
    text: Annotated[str, typer.Argument(
        help="A tracking number, order, delivery, purchase order or other reference, or a customer's number; the first "
             "characters of a number will do.", show_default=False,
    )],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Find shipments and orders by any number, or by a customer's number.

    A number that is known as it is counts before those that begin so. Exit 1 if nothing is found.
    """
    with read_model.opened() as store:
        hits = search(store, text)
        if as_json:
            _print_json(store, hits)
        elif hits.shipments or hits.orders:
            _show(hits)
            read_model.note_age(store)
        else:
            near = nearest(store, text)
            note(f"Nothing is found by {text!r}." + (f" Did you mean {', '.join(near)}?" if near else ""))
            read_model.note_age(store)
    if not (hits.shipments or hits.orders):
        raise typer.Exit(ExitCode.FAILURE)


def search(store: ReadStore, text: str) -> Hits:
    """All that the text leads to, as the search of the control tower and the API finds it."""
    from connectors.read_store.shipment_lists import ShipmentFilter
    from streams.read_model.project import key_of

    carrier, _, reference = text.strip().partition(":")
    leads: dict[str, set[str]] = {}
    for one in store.find(reference or text):
        if not reference or one.key.startswith(f"{carrier.lower()}:") or one.kind != "tracking":
            leads.setdefault(one.key, set()).add(one.kind)
    for state in store.shipments(ShipmentFilter(customer=text.strip()), MOST_OF_A_CUSTOMER).rows:
        leads.setdefault(key_of(state.carrier, state.tracking_number), set()).add("customer")
    states = ((store.shipment(key), sorted(kinds)) for key, kinds in leads.items())
    order = store.order(text.strip())
    return Hits([(state, kinds) for state, kinds in states if state is not None], [] if order is None else [order])


def nearest(store: ReadStore, text: str) -> list[str]:
    """Keys of shipments and orders that are written nearly so, the nearest first."""
    from difflib import get_close_matches

    from streams.read_model.project import key_of

    near = store.nearest(text, MOST_NEAR) if ":" in text else []
    near += [key_of(state.carrier, state.tracking_number) for state, _ in search(store, text).shipments]
    recent = [one.order_id for one in store.orders(RECENT_ORDERS).rows]
    near += get_close_matches(text.strip(), recent, MOST_NEAR, CLOSE)
    return list(dict.fromkeys(near))[:MOST_NEAR]


def _show(hits: Hits) -> None:
    from streams.read_model.project import key_of

    table = Table(
        Column("key", KEY), Column("found by", 3), Column("status"), Column("punctuality", 2),
        Column("orders", 1), Column("promised", 4), Column("estimated", 2),
        Column("delivered", 3), Column("last event", 5),
    )
    for state, kinds in hits.shipments:
        table.add(
            key_of(state.carrier, state.tracking_number), ", ".join(kinds), state.status.value.replace("_", " "),
            state.punctuality.value.replace("_", " "),
            ", ".join(f"{one.order_id} ({one.customer_id})" for one in state.orders), At(state.promised_delivery_at),
            At(state.estimated_delivery_at), At(state.delivered_at), At(state.last_event_at),
        )
    for order in hits.orders:
        table.add(
            order.order_id, "order", f"order {order.status}", "", f"{len(order.claims)} claims ({order.customer_id})",
            At(order.promised_delivery_at), At(None), At(None), At(None),
        )
    table.show()


def _print_json(store: ReadStore, hits: Hits) -> None:
    from portal.api.models.orders import OrderBrief
    from portal.api.models.shipments import brief

    echo_json({
        **read_model.age(store),
        "shipments": [brief(state, kinds).model_dump(mode="json") for state, kinds in hits.shipments],
        "orders": [OrderBrief.model_validate(one).model_dump(mode="json") for one in hits.orders],
    })
