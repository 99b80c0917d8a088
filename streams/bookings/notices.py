"""Notices for ERPs about a delivery's way to its carrier: it is ready to ship, it is booked, and that neither is so
any more. The difference between what stands before and after an input; the same told again is nothing. Times are UTC
ms."""

from __future__ import annotations

from collections.abc import Mapping

from streams.bookings.readiness import parcels_of
from streams.bookings.told import numbered
from streams.contracts.bookings import Booking, BookingState
from streams.contracts.ids import digest, normalise_tracking_number
from streams.contracts.notices import ErpNotice
from streams.kernel.booking_vocabulary import BookingAction, BookingPhase
from streams.kernel.notice_vocabulary import END_OF, NoticeKind

_P, _K = BookingPhase, NoticeKind
_READY = frozenset({_P.ASKING, _P.COUNTERED, _P.WAITING_FOR_NUMBER, _P.BOOKED, _P.NO_CARRIER})
"""The warehouse is done with the delivery, and nobody has to decide whether it goes as it is."""


def notices_between(before: BookingState | None, after: BookingState, now_ms: int) -> list[ErpNotice]:
    """The notices that are due now: what is over, then what began or changed."""
    old, new = standing(before), standing(after)
    over = [_ended(one, _why(before, after), now_ms) for name, one in old.items() if name not in new]
    return [*over, *(one for name, one in new.items() if name not in old or _content(old[name]) != _content(one))]


def standing(state: BookingState | None) -> Mapping[str, ErpNotice]:
    """The notices that stand for a delivery, by their ids."""
    if state is None:
        return {}
    found = []
    if state.phase in _READY and state.release is not None:
        found.append(_ready(state))
    one = numbered(state)
    if one is not None:
        found.append(_booked(state, one))
    return {notice.notice_id: notice for notice in found}


def _ready(state: BookingState) -> ErpNotice:
    parcels = parcels_of(state)
    weight = sum(one.weight_kg for one in parcels)
    packed = f": {len(parcels)} {'piece' if len(parcels) == 1 else 'pieces'}, {weight:g} kg" if parcels else ""
    return ErpNotice(
        digest("notice", state.delivery_id, _K.READY_TO_SHIP.value), _K.READY_TO_SHIP, state.delivery_id,
        state.order_id, state.customer_id, max((part.at for part in state.parts), default=state.updated_at),
        f"Packed and ready to ship{packed}.",
    )


def _booked(state: BookingState, one: Booking) -> ErpNotice:
    service = f" ({one.service})" if one.service else ""
    label = f", label {one.label_url}" if one.label_url else ""
    number = normalise_tracking_number(one.tracking_number)
    return ErpNotice(
        digest("notice", state.delivery_id, one.booking_id), _K.BOOKED, state.delivery_id, state.order_id,
        state.customer_id, one.changed_at, f"Booked with {one.carrier}{service}: {number}{label}.", one.carrier, number,
        one.service, one.booking_id, one.carrier_reference, one.label_url, one.tracking_url,
    )


def _ended(one: ErpNotice, why: str, now_ms: int) -> ErpNotice:
    words = "Not ready to ship any more."
    if one.kind is _K.BOOKED:
        words = f"The booking with {one.carrier}, {one.tracking_number}, is cancelled{why}."
    return ErpNotice(
        one.notice_id, END_OF[one.kind], one.delivery_id, one.order_id, one.customer_id, now_ms, words, one.carrier,
        one.tracking_number, one.service, one.booking_id, one.carrier_reference, one.label_url, one.tracking_url,
        since=one.occurred_at,
    )


def _why(before: BookingState | None, after: BookingState) -> str:
    """The reason of the person who decided so just now."""
    told = after.decision
    if told is None or (before is not None and told == before.decision):
        return ""
    return f": {told.reason.rstrip('.')}" if told.action in (BookingAction.CANCEL, BookingAction.REBOOK) else ""


def _content(one: ErpNotice) -> tuple[str, ...]:
    """The part of a notice that a change of is told. Readiness is told once."""
    if one.kind is _K.READY_TO_SHIP:
        return ()
    return (
        one.carrier, one.tracking_number, one.service, one.carrier_reference, one.label_url, one.tracking_url,
    )
