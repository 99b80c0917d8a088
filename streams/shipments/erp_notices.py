"""Notices for ERPs about exceptions of a shipment: opened, with another reason, and closed; for each ERP delivery that
claims it. They are made of the open exceptions of the shipment's view, so that an event that comes late, again or is
taken back tells what it changes and no more. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.notices import ErpNotice
from streams.kernel.notice_vocabulary import NoticeKind
from streams.kernel.vocabulary import ExceptionType
from streams.shipments.facts import Entry
from streams.shipments.meanings import meant_entries
from streams.shipments.occurrences.numbering import places_by
from streams.shipments.record import OpenException, Shipment
from streams.shipments.status_machine import exception_of

Name = tuple[str, int, ExceptionType]
"""A delivery, which shipment under the number it has, and what is wrong with that."""
Notices = Mapping[Name, ErpNotice]


def standing(shipments: Sequence[Shipment]) -> Notices:
    """The exceptions that are open, of each delivery of the shipments under a number."""
    return {
        (delivery_id, shipment.view.generation, one.type): _opened(shipment, delivery_id, one)
        for shipment in shipments if shipment.view.open and shipment.view.standing
        for delivery_id in dict.fromkeys(order.delivery_id for order in shipment.orders if order.delivery_id)
        for one in shipment.view.open
    }


def notices_between(before: Notices, after: Notices, now: Sequence[Shipment]) -> list[ErpNotice]:
    """The notices that are due: what is over, then what began or has another reason. ``now``: the shipments under the
    number, the one that goes on last."""
    if not (before or after):
        return []
    over = [_closed(name, one, now) for name, one in before.items() if name not in after]
    return [*over, *(
        one for name, one in after.items() if name not in before or before[name].reason is not one.reason
    )]


def _opened(shipment: Shipment, delivery_id: str, one: OpenException) -> ErpNotice:
    order = next(order for order in shipment.orders if order.delivery_id == delivery_id)
    facts = shipment.facts
    reason = "" if one.reason.value == "normal" else f" ({one.reason.value.replace('_', ' ')})"
    return ErpNotice(
        digest("notice", delivery_id, facts.carrier, facts.tracking_number, one.type.value, *shipment.id_suffix),
        NoticeKind.EXCEPTION_OPENED, delivery_id, order.order_id, order.customer_id, one.since,
        f"{_called(one.type)}{reason} of {facts.carrier} {facts.tracking_number}.", facts.carrier,
        facts.tracking_number, exception=one.type, reason=one.reason,
    )


def _closed(name: Name, one: ErpNotice, now: Sequence[Shipment]) -> ErpNotice:
    delivery_id, generation, exception = name
    shipment = next((each for each in now if each.view.generation == generation), None)
    is_of_it = shipment is not None and any(order.delivery_id == delivery_id for order in shipment.orders)
    withdrawn = shipment is None or not is_of_it or not _is_reported(shipment, exception)
    what = f"{_called(exception)} of {one.carrier} {one.tracking_number}"
    if not withdrawn:
        words = f"{what} is over."
    elif is_of_it:
        words = f"{what} was reported in error."
    else:
        words = f"{what} is not of this delivery."
    last = now[-1].view.last_event_at if shipment is None else shipment.view.last_event_at
    return replace(
        one, kind=NoticeKind.EXCEPTION_CLOSED, occurred_at=max(last or 0, one.occurred_at), words=words,
        since=one.occurred_at, withdrawn=withdrawn,
    )


def _is_reported(shipment: Shipment, exception: ExceptionType) -> bool:
    """Whether an event that counts reports it."""
    facts, view = shipment.facts, shipment.view

    def reported(entry: Entry) -> Sequence[ExceptionType]:
        return () if entry.retracts else (exception_of(entry),)

    return bool(places_by(facts, view, meant_entries(facts, view), reported, (exception,)))


def _called(exception: ExceptionType) -> str:
    return exception.value.replace("_", " ").capitalize()
