"""Diff: the messages that turn what stood told into what stands told, each under the id of its item.

- ``new``: the item was not there. ``replaces``: an event that may have told it was taken back, and another tells it.
  ``retracts``: it is there no more.
- ``corrects`` names the event that had told the item; null where the order claims the shipment no more.
- ``because_of`` names the input that made it so, so that readers recognise a repeat of the same message.

What an item says of the shipment beside its own event (status, estimate) is that of the time of its message; it is not
sent again when that changes. An alert is sent again whenever anything in it changes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import AlertSignal, CustomerUpdate, DeliveryMilestone
from streams.kernel.vocabulary import STATUS_OF, AlertKind, Correction, Milestone
from streams.shipments.alert_signals import resolved
from streams.shipments.audiences import public_trouble
from streams.shipments.claims.standing import revision_of
from streams.shipments.facts import Entry
from streams.shipments.record import Shipment
from streams.shipments.timers.punctuality import punctuality_words
from streams.shipments.told import Item, Items, Key, Told, in_words

_NEW, _RETRACTS = Correction.NEW, Correction.RETRACTS
_Change = tuple[Key, Item, Correction, bytes | None]
"""An item to be sent under a key, what that does to what was sent before, and the event it corrects."""


def updates_between(before: Told, after: Told, now: Sequence[Shipment]) -> list[CustomerUpdate]:
    """The customer updates; ``now``: the shipments under the number, the one that goes on last."""
    if not (before.updates or after.updates):
        return []
    orders = {order.order_id for shipment in now for order in shipment.orders}
    return [
        update(key, item, now[-1] if correction is _RETRACTS and corrects else item.shipment, correction, corrects)
        for key, item, correction, corrects in _changed(before.updates, after.updates, orders)
    ]


def milestones_between(
    before: Told, after: Told, now: Sequence[Shipment], because_of: str
) -> list[DeliveryMilestone]:
    """The delivery milestones; ``now``: the shipments under the number, the one that goes on last."""
    if not (before.milestones or after.milestones):
        return []
    deliveries = {order.delivery_id for shipment in now for order in shipment.orders}
    by_generation = {shipment.view.generation: shipment for shipment in now}
    milestones = []
    for key, item, correction, corrects in _changed(before.milestones, after.milestones, deliveries):
        shipment = item.shipment
        if correction is _RETRACTS and corrects is None:
            shipment = by_generation.get(shipment.view.generation, now[-1])
        milestones.append(milestone(key, item, shipment, because_of, correction, corrects))
    return milestones


def alerts_between(
    before: Mapping[str, AlertSignal], after: Mapping[str, AlertSignal], now: Shipment
) -> list[AlertSignal]:
    """The alerts resolved, raised and changed; ``now``: the shipment that goes on."""
    if not (before or after):
        return []
    over = [
        resolved(replace(one), _why(one, now), max(now.view.last_event_at or 0, one.raised_at))
        for key, one in before.items() if key not in after
    ]
    return over + [one for key, one in after.items() if before.get(key) != one]


def _changed(before: Items, after: Items, claimed: Container[str]) -> Iterator[_Change]:
    """Yields the items retracted, replaced and new. ``claimed``: the orders (or deliveries) that still claim the
    number."""
    for key, one in before.items():
        if key not in after:
            yield key, one, _RETRACTS, one.event_id if key[0] in claimed else None
    known = set[bytes]().union(*[one.news.reporters for one in before.values()])
    for key, one in after.items():
        if (was := before.get(key)) is None:
            yield key, one if one.event_id not in known else _untold(one, after, known), _NEW, None
        elif lost := was.news.reporters - one.news.reporters:
            told_by = was.event_id
            yield key, one, Correction.REPLACES, told_by if told_by in lost else min(lost)


def _untold(item: Item, after: Items, known: set[bytes]) -> Item:
    """Chooses the event that tells a new number where a late event moved the numbers: not one that another number told
    already."""
    others = (
        one for one in after.values()
        if one.event_id not in known and one.order is item.order and one.news.reporters == item.news.reporters
    )
    other = next(others, item)
    return replace(item, news=replace(other.news, number=item.news.number))


def update(
    key: Key, item: Item, now: Shipment, correction: Correction = _NEW, corrects: bytes | None = None
) -> CustomerUpdate:
    """A customer update; ``now``: by its status."""
    (shipment, order, news), entry = (item.shipment, item.order, item.news), item.news.entry
    facts, view, story = shipment.facts, shipment.view, entry.story
    assert story is not None
    exception, reason = public_trouble(entry.exception, entry.reason)
    return CustomerUpdate(
        digest("customer", key[0], facts.carrier, facts.tracking_number, *key[1:]),
        order.customer_id,
        order.order_id,
        facts.carrier,
        facts.tracking_number,
        entry.milestone,
        now.status,
        story.occurred_at,
        story.utc_offset_minutes,
        story.location,
        exception,
        reason,
        view.estimated_delivery_at,
        view.signed_by,
        _is_superseded(shipment, news.place, entry),
        item.event_id.hex(),
        entry.piece or None,
        correction,
        None if corrects is None else corrects.hex(),
        view.estimated_delivery_from,
    )


def milestone(
    key: Key, item: Item, now: Shipment, because_of: str, correction: Correction = _NEW, corrects: bytes | None = None
) -> DeliveryMilestone:
    """A delivery milestone; ``now``: by its claims; ``because_of``: names the input that made it so."""
    facts, order, entry, event_id = item.shipment.facts, item.order, item.news.entry, item.event_id.hex()
    story, fact = entry.story, item.news.fact
    assert story is not None
    return DeliveryMilestone(
        digest("milestone", key[0], facts.carrier, facts.tracking_number, *key[1:]),
        order.delivery_id,
        order.order_id,
        order.customer_id,
        facts.carrier,
        facts.tracking_number,
        Milestone.INFO if fact is None else fact.milestone,
        story.occurred_at,
        entry.exception,
        entry.reason,
        story.proof_of_delivery,
        event_id,
        entry.piece or None,
        correction,
        None if corrects is None else corrects.hex(),
        revision_of(now.facts.claims, order.delivery_id),
        item.shipment.view.generation,
        None if event_id == because_of else because_of,
    )


def _is_superseded(shipment: Shipment, place: int, entry: Entry) -> bool:
    """True where the shipment has moved on: a later event leads, or this one was not let to."""
    leader = shipment.view.leader
    return place < leader or (place > leader and entry.actual and STATUS_OF[entry.milestone] is not None)


def _why(alert: AlertSignal, now: Shipment) -> str:
    """Why an alert is over, for people."""
    if alert.kind is AlertKind.DELIVERY_DOUBTFUL:
        return "the delivery is doubtful no more"
    if alert.kind is AlertKind.SHIPMENT_EXCEPTION:
        return f"{in_words(alert.exception)} put right"
    return punctuality_words(now)
