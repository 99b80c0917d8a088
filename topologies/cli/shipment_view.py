"""Shows a shipment and an order of the read model, and the state of a shipment wherever it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from topologies.cli.tables import KEY, At, Cell, Column, Table, show_card
from topologies.operations.record_view import moment
from topologies.operations.terminal import echo

if TYPE_CHECKING:
    from connectors.read_store.reader import ToldPosting
    from portal.tower.timeline import Entry
    from streams.contracts.model import Alert, OrderState, Related, ShipmentState

SHORT_ID = 8


def show_state(state: ShipmentState) -> None:
    """Print what is known of a shipment, without its history."""
    life = "" if state.life == 1 else f", shipment {state.life}"
    named = f"{state.carrier}:{state.tracking_number}{life}"
    rows: dict[str, Cell] = {
        "shipment": named,
        "status": _plain(state.status.value) + (" (archived)" if state.archived else ""),
        "since": At(state.status_at, exact=True),
        "orders": ", ".join(f"{one.order_id} (delivery {one.delivery_id}, {one.customer_id})" for one in state.orders),
        "promised": At(state.promised_delivery_at, exact=True),
        "estimated from": At(state.estimated_delivery_from, exact=True),
        "estimated": At(state.estimated_delivery_at, exact=True),
        "stated first": At(state.first_estimated_delivery_at, exact=True),
        "earlier": ", ".join(f"{moment(one.estimate)} by {one.stated_by}" for one in state.earlier_estimates),
        "punctuality": _plain(state.punctuality.value),
        "delivered": At(state.delivered_at, exact=True),
        "signed by": state.signed_by or "",
        "open": ", ".join(_plain(one.value) for one in state.open_exceptions),
        "part of": _related(state.part_of),
        "with": _related(state.parts),
        "pieces": ", ".join(f"{one.name} {_plain(one.status.value)}" for one in state.pieces),
    }
    show_card(named, rows)


def show_shipment(state: ShipmentState, entries: Sequence[Entry]) -> None:
    """Print a shipment and its timeline, the newest first: each event with what customers were told and what was
    posted because of it."""
    show_state(state)
    told = Table(
        Column("happened", KEY), Column("milestone", KEY), Column("where"), Column("the carrier's words"),
        Column("by"), Column("customers were told"), Column("posted"), Column("note"), title="Timeline", drop=False,
    )
    for one in entries:
        told.add(At(one.at, exact=True), *_event_cells(one), _words(one), _postings(one), _note(one))
    echo("")
    told.show()


def show_alerts(alerts: Sequence[Alert]) -> None:
    """Print open alerts; nothing where there is none."""
    if not alerts:
        return
    table = Table(
        Column("alert", KEY), Column("severity"), Column("raised"), Column("owner"), Column("what"),
        title="Open alerts", drop=False,
    )
    for one in alerts:
        table.add(
            one.alert_id[:SHORT_ID], one.severity.value, At(one.raised_at), one.owner or "", one.message,
            style="red" if one.severity.value == "critical" else "",
        )
    echo("")
    table.show()


def show_order(order: OrderState, shipments: Sequence[ShipmentState], postings: Sequence[ToldPosting]) -> None:
    """Print an order, its shipments and its postings."""
    value = "" if order.order_value is None else f"{order.order_value:,.2f} {order.currency or ''}".strip()
    show_card(f"Order {order.order_id}", {
        "order": order.order_id, "customer": order.customer_id, "status": order.status, "value": value,
        "promised": At(order.promised_delivery_at, exact=True), "changed": At(order.updated_at, exact=True),
        "claims": ", ".join(
            f"{one.carrier}:{one.tracking_number} (delivery {one.delivery_id})" for one in order.claims
        ),
    })
    table = Table(
        Column("shipment", KEY), Column("status"), Column("punctuality"), Column("estimated"), Column("delivered"),
        title="Shipments", drop=False, empty="No carrier has reported on it yet.",
    )
    for state in shipments:
        table.add(
            f"{state.carrier}:{state.tracking_number}", _plain(state.status.value), _plain(state.punctuality.value),
            At(state.estimated_delivery_at), At(state.delivered_at),
        )
    echo("")
    table.show()
    if postings:
        booked = Table(
            Column("posting", KEY), Column("kind"), Column("delivery"), Column("happened"), Column("posted"),
            Column("reverses"), title="Postings", drop=False,
        )
        for at, posting in postings:
            booked.add(
                posting.posting_id, _plain(posting.kind.value), posting.delivery_id, At(posting.occurred_at), At(at),
                posting.reverses or "",
            )
        echo("")
        booked.show()


def _event_cells(one: Entry) -> tuple[str, str, str, str]:
    """Milestone, place, words and source of a moment."""
    event = one.event
    if event is None:
        return "not kept", "", "", ""
    trouble = "" if event.exception.value == "none" else f" ({_plain(event.exception.value)})"
    place = event.location
    parts = () if place is None else (place.name, place.city, place.region, place.country)
    return (
        _plain(event.milestone.value) + trouble, " ".join(part for part in parts if part), event.carrier_text,
        f"{event.source.feed} {event.source.channel}",
    )


def _words(one: Entry) -> str:
    from portal.words.customers import sentence

    return "; ".join(
        f"{told.word.customer_id}: {sentence(told.word, 'en')}" + (" (taken back)" if told.ended_at is not None else "")
        for told in one.words
    )


def _postings(one: Entry) -> str:
    return "; ".join(
        f"{_plain(posted.posting.kind.value)} of delivery {posted.posting.delivery_id}"
        + (" (reversed)" if posted.reversed_at is not None else "")
        for posted in one.postings
    )


def _note(one: Entry) -> str:
    notes = ["late"] if one.late else []
    if one.same_as is not None:
        notes.append(f"same as {one.same_as[:SHORT_ID]}")
    if one.taken_back_by is not None:
        notes.append(f"{one.taken_back_by.correction.value} by {one.taken_back_by.event_id[:SHORT_ID]}")
    if one.corrects is not None:
        notes.append(f"corrects {one.corrects.event_id[:SHORT_ID]}")
    return ", ".join(notes)


def _related(numbers: Sequence[Related]) -> str:
    return ", ".join(f"{one.key} ({_plain(one.kind.value)})" for one in numbers)


def _plain(code: str) -> str:
    return code.replace("_", " ")
