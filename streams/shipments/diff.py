"""Diff: the messages that turn what stood told into what stands told, each under the id of its item.

- ``new``: the item was not there. ``replaces``: an event that may have told it was taken back, and another tells it.
  ``retracts``: it is there no more.
- ``corrects`` names the event that had told the item; null where the order claims the shipment no more.
- ``because_of`` names the input that made it so, so that readers recognise a repeat of the same message.

What an item says of the shipment beside its own event (status, estimate) is that of the time of its message; it is not
sent again when that changes. An alert is sent again whenever anything in it changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from streams.contracts.model import AlertSignal, CustomerUpdate, DeliveryMilestone
from streams.kernel.vocabulary import AlertKind, Correction
from streams.shipments.alert_signals import resolved
from streams.shipments.claims.standing import revision_of
from streams.shipments.record import Shipment
from streams.shipments.timers.punctuality import punctuality_words
from streams.shipments.told import Told, in_words

Reporters = Mapping[str, frozenset[str]]
_Item = TypeVar("_Item", CustomerUpdate, DeliveryMilestone)


def updates_between(before: Told, after: Told, now: Sequence[Shipment]) -> list[CustomerUpdate]:
    """The customer updates; ``now``: the shipments under the number, the one that goes on last."""
    orders = {order.order_id for shipment in now for order in shipment.orders}
    return [
        one if one.correction is not Correction.RETRACTS
        else replace(one, status=now[-1].status) if one.order_id in orders
        else replace(one, corrects=None)
        for one in _changed(before.updates, after.updates, before.reporters, after.reporters, "update_id")
    ]  # fmt: skip


def milestones_between(
    before: Told, after: Told, now: Sequence[Shipment], because_of: str
) -> list[DeliveryMilestone]:
    """The delivery milestones; ``now``: the shipments under the number, the one that goes on last."""
    deliveries = {order.delivery_id for shipment in now for order in shipment.orders}
    changed = []
    for one in _changed(
        before.milestones, after.milestones, before.reporters, after.reporters, "milestone_id"
    ):
        corrects, revision = one.corrects, one.claim_revision
        if one.correction is Correction.RETRACTS and one.delivery_id not in deliveries:
            of_it = next((other for other in now if other.view.generation == one.life), now[-1])
            corrects, revision = None, revision_of(of_it.facts.claims, one.delivery_id)
        because = None if one.event_id == because_of else because_of
        changed.append(replace(one, corrects=corrects, claim_revision=revision, because_of=because))
    return changed


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


def _changed(
    before: Mapping[str, _Item], after: Mapping[str, _Item], reported: Reporters, reports: Reporters, id_name: str
) -> Iterator[_Item]:
    """The retracted, replaced and new items."""
    for key, one in before.items():
        if key not in after:
            yield replace(one, correction=Correction.RETRACTS, corrects=one.event_id)
    for key, one in after.items():
        if key not in before:
            yield replace(_untold(key, after, reported, reports), **{id_name: key})
        elif lost := reported[key] - reports[key]:
            was = before[key].event_id
            yield replace(one, correction=Correction.REPLACES, corrects=was if was in lost else min(lost))


def _untold(key: str, after: Mapping[str, _Item], reported: Reporters, reports: Reporters) -> _Item:
    """A new item as it is told. Where a late event moved the numbers, it is told by that event, not by one that another
    number told already."""
    one = after[key]
    if not any(one.event_id in events for events in reported.values()):
        return one
    known = frozenset[str]().union(*reported.values())
    return next((
        other for name, other in after.items()
        if other.event_id not in known and other.order_id == one.order_id and reports[name] == reports[key]
    ), one)  # fmt: skip


def _why(alert: AlertSignal, now: Shipment) -> str:
    """Why an alert is over, for people."""
    if alert.kind is AlertKind.SHIPMENT_EXCEPTION:
        return f"{in_words(alert.exception)} put right"
    return punctuality_words(now)
