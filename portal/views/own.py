"""A customer's view of a shipment: its own orders, promise and numbers, and nothing of another customer's.

A shipment may carry orders of several customers. What cannot be told by customer (references, the carrier's words, the
numbers it is linked to) is then shown to none of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from connectors.read_store.reader import Found, ReadStore
from portal.views.told import sentences
from streams.contracts import promise
from streams.contracts.model import CarrierEvent, EnrichedEvent, Related, ShipmentState
from streams.kernel.vocabulary import Milestone, Punctuality, Status
from streams.read_model.project import key_of
from streams.read_model.rows import search_form

_OF_ORDERS = frozenset({"order", "delivery"})


def is_shared(state: ShipmentState, customer: str | None) -> bool:
    """Whether another customer has an order on it, too."""
    return customer is not None and promise.is_shared(state, customer)


def judged(state: ShipmentState, customer: str | None) -> ShipmentState:
    """The shipment held against the promise to the customer; None: against the earliest of all."""
    return state if customer is None else promise.judged_for(state, customer)


def own_state(state: ShipmentState, customer: str | None) -> ShipmentState:
    """The shipment as the customer may see it, but for its links; None as customer: as it is."""
    if customer is None or not is_shared(state, customer):
        return state
    orders = [one for one in state.orders if one.customer_id == customer]
    return structs.replace(promise.judged_for(state, customer), orders=orders)


def as_told(store: ReadStore, state: ShipmentState, customer: str | None, order: str | None = None) -> ShipmentState:
    """The shipment without a delivery that is held back from the customer; as it is where none is, or the customer was
    told of it. ``order``: as this order was told."""
    key = key_of(state.carrier, state.tracking_number)
    if customer is None or state.status is not Status.DELIVERED or not store.is_doubted(key):
        return state
    standing = [
        one.word for one in sentences(store.words(key, customer))
        if one.ended_at is None and order in (None, one.word.order_id)
    ]
    if any(one.milestone is Milestone.DELIVERED for one in standing):
        return state
    known = [one for one in standing if one.status is not Status.DELIVERED]
    newest = max(known, key=lambda one: one.occurred_at, default=None)
    at = None if newest is None else newest.occurred_at
    return structs.replace(
        state, status=Status.UNKNOWN if newest is None else newest.status, status_at=at, last_event_at=at,
        last_milestone=Milestone.UNKNOWN if newest is None else newest.milestone, delivered_at=None, signed_by=None,
        estimated_delivery_at=None, estimated_delivery_from=None, slip_ms=None, slip_from_promise_ms=None, pieces=[],
        punctuality=Punctuality.NO_PROMISE if state.promised_delivery_at is None else Punctuality.NO_ESTIMATE,
    )


def own_links(store: ReadStore, links: Sequence[Related], customer: str | None) -> list[Related]:
    """Those of the linked shipments that the customer may see."""
    return [one for one in links if customer is None or store.shipment(one.key, customer) is not None]


def own_event(told: EnrichedEvent, shared: bool) -> CarrierEvent:
    """The event; of a shared shipment without what may be another customer's."""
    event = told.event
    assert not isinstance(event, bytes), "the read model holds whole events"
    if not shared:
        return event
    return structs.replace(event, references=[], carrier_text="", proof_of_delivery=None, leg=None)


def own_numbers(found: Sequence[Found], state: ShipmentState, customer: str | None) -> list[Found]:
    """By which of the numbers found the customer may find the shipment."""
    if customer is None or not is_shared(state, customer):
        return list(found)
    own = {search_form(one) for link in own_state(state, customer).orders for one in (link.order_id, link.delivery_id)}
    return [one for one in found if one.kind == "tracking" or (one.kind in _OF_ORDERS and one.value in own)]
