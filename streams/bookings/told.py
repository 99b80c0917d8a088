"""Tells others of a delivery's number: the difference between the bookings before and after an input.

Orders' claims make the shipment the delivery's; claims on references lead events that name one of them alone to it:
``shipment:BOOKING`` and, of a carrier that is asked by X12, the PRO number. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from streams.bookings.record import live, request_of
from streams.bookings.rules import Channel, Rules
from streams.contracts.bookings import Booking, BookingRequest, BookingState
from streams.contracts.ids import normalise_tracking_number
from streams.contracts.model import OrderReference, ReferenceClaim
from streams.kernel.booking_vocabulary import BookingRequestKind
from streams.kernel.vocabulary import SaidBy

SHIPMENT, PRO = "shipment", "pro"


class Told(NamedTuple):
    """Claims on the shipment and on the reference, and what other stages are told of the booking."""

    references: list[OrderReference]
    claims: list[ReferenceClaim]
    requests: list[BookingRequest]


def told_between(before: BookingState | None, after: BookingState, rules: Rules, now_ms: int) -> Told:
    """The delivery's new number, and the withdrawal of its former one."""
    old, new = numbered(before), numbered(after)
    if (old and (old.booking_id, old.tracking_number)) == (new and (new.booking_id, new.tracking_number)):
        return Told([], [], [])
    told = Told([], [], [])
    if old is not None:
        _tell(told, after, old, rules, now_ms, withdrawn=True)
    if new is not None:
        _tell(told, after, new, rules, now_ms, withdrawn=False)
    return told


def numbered(state: BookingState | None) -> Booking | None:
    """The booking by which a carrier may come and whose number is known."""
    one = live(state)
    return one if one is not None and one.tracking_number else None


def _tell(told: Told, state: BookingState, one: Booking, rules: Rules, now_ms: int, *, withdrawn: bool) -> None:
    number, release = normalise_tracking_number(one.tracking_number), state.release
    at = now_ms if release is None else release.updated_at
    promised = None if release is None else release.promised_delivery_at
    told.references.append(OrderReference(
        one.carrier, number, state.order_id, state.delivery_id, state.customer_id, promised, at, withdrawn,
        by=f"{SHIPMENT}:{one.booking_id}", turn=int(withdrawn),
    ))
    told.claims.extend(
        ReferenceClaim(
            kind, normalise_tracking_number(value), one.carrier, number, SaidBy.ORDER, now_ms, one.asked_at,
            withdrawn, state.order_id, state.delivery_id, state.customer_id, promised, turn=int(withdrawn),
        ) for kind, value in _names_of(one, rules)
    )
    kind = BookingRequestKind.RELEASED if withdrawn else BookingRequestKind.BOOKED
    told.requests.append(request_of(state, one, kind, rules, now_ms))


def _names_of(one: Booking, rules: Rules) -> Iterator[tuple[str, str]]:
    """The references that mean the booking's shipment."""
    yield SHIPMENT, one.booking_id
    service = rules.service_of(one.carrier, one.service)
    if service is not None and service.channel is Channel.X12:
        yield PRO, one.tracking_number
