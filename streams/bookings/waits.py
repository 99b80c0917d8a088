"""The wait of a delivery without a carrier: who sees to it and until when; and its alerts. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from streams.bookings.readiness import readiness
from streams.bookings.rules import Patience, Rules
from streams.contracts.bookings import Booking, BookingState, BookingWait
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertOrder, AlertSignal
from streams.kernel.booking_vocabulary import BookingPhase, BookingStatus, CancellationStatus
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity

_P = BookingPhase
_DONE = frozenset({_P.BOOKED, _P.CANCELLED})
_WORDS = {
    _P.WAITING_FOR_RELEASE: "is packed, and the ERP has not released it",
    _P.WAITING_FOR_WAREHOUSE: "is not packed", _P.HELD: "is not packed as ordered",
    _P.COUNTERED: "has a carrier that offers other terms", _P.WAITING_FOR_NUMBER: "has a carrier that gave no number",
    _P.NO_CARRIER: "has no carrier, and none is left to ask",
}


WAITS_FOR = {
    _P.WAITING_FOR_RELEASE: "its release by the ERP", _P.WAITING_FOR_WAREHOUSE: "the warehouse to pack it",
    _P.HELD: "a person, as it is not packed as ordered", _P.COUNTERED: "a person, as its carrier offers other terms",
    _P.WAITING_FOR_NUMBER: "its carrier's number", _P.NO_CARRIER: "a person, as no carrier is left to ask",
}
"""The thing a delivery waits for, in words."""


class Due(NamedTuple):
    """An alert that is to be open. ``which``: phase, booking or invoice of the delivery; ``owner``: who sees to it,
    empty: as its route says."""

    kind: AlertKind
    which: str
    since: int
    words: str
    cause: str
    owner: str = ""


def with_wait(state: BookingState, one: Booking | None, rules: Rules, now_ms: int) -> BookingState:
    """The delivery with the wait of its phase. ``one``: its live booking."""
    found = _patience(state.phase, rules) if rules.services else None
    if found is None:
        return replace(state, wait=None)
    since = _since(state, one)
    before = state.wait
    if since is None:
        since = before.since if before is not None and before.owner == found.owner else now_ms
    deadline = since + (0 if state.phase is _P.NO_CARRIER else found.deadline_ms)
    return replace(state, wait=BookingWait(since, found.owner, deadline, deadline <= now_ms))


def alerts_between(before: BookingState | None, after: BookingState, now_ms: int) -> list[AlertSignal]:
    """The signals that are due now: alerts that begin, and those that are over."""
    old = {(one.kind, one.which): one for one in _due(before)}
    new = {(one.kind, one.which): one for one in _due(after)}
    raised = [_signal(after, one, AlertState.RAISED, one.since) for name, one in new.items() if name not in old]
    over = [_signal(after, one, AlertState.RESOLVED, now_ms) for name, one in old.items() if name not in new]
    return [*raised, *over]


def _due(state: BookingState | None) -> Iterator[Due]:
    if state is None:
        return
    wait = state.wait
    if wait is not None and wait.overdue:
        words = _WORDS[state.phase]
        if state.phase is _P.HELD:
            words = f"{words}: {readiness(state).words}"
        yield Due(AlertKind.BOOKING_MISSING, state.phase.value, wait.deadline or wait.since, words, state.phase.value)
    if state.phase not in _DONE and state.phase is not _P.WAITING_FOR_NUMBER:
        for one in state.bookings[state.round_at:]:
            if one.status is BookingStatus.EXPIRED:
                words = f"was offered to {one.carrier} ({one.service}), which did not answer in time"
                yield Due(AlertKind.BOOKING_UNANSWERED, one.booking_id, one.changed_at, words, one.carrier)
    for one in state.bookings:
        told = one.cancellation
        if told is not None and told.overdue:
            does = "does not take" if told.status is CancellationStatus.REFUSED else "does not answer"
            words = f"is cancelled at {one.carrier} ({one.booking_id}), which {does} the cancellation and may come"
            yield Due(
                AlertKind.CANCELLATION_NOT_TAKEN, one.booking_id, told.asked_at,
                f"{words}: {told.detail}" if told.detail else words, one.carrier, told.owner,
            )
    for match in state.invoices:
        if match.mismatches:
            differs = "; ".join(f"{one.field}: {one.found}, not {one.expected}" for one in match.mismatches)
            words = f"has a freight invoice {match.invoice.invoice_id} that differs from its booking ({differs})"
            yield Due(
                AlertKind.FREIGHT_MISMATCH, match.invoice.invoice_id, match.invoice.invoiced_at, words,
                ", ".join(sorted({one.field for one in match.mismatches})),
            )


def _signal(state: BookingState, due: Due, is_in: AlertState, at: int) -> AlertSignal:
    words = due.words if is_in is AlertState.RAISED else "has no such trouble any more"
    return AlertSignal(
        alert_id=alert_id(due.kind, state.delivery_id, due.which), kind=due.kind, state=is_in,
        severity=Severity.WARNING, subject=state.delivery_id,
        message=f"delivery {state.delivery_id} of order {state.order_id} {words}",
        exception=ExceptionType.OTHER, reason=Reason.OTHER, raised_at=due.since, changed_at=at, cause=due.cause,
        orders=[AlertOrder(state.order_id, state.delivery_id, state.customer_id)] if state.order_id else [],
        owner=due.owner,
    )


def _patience(phase: BookingPhase, rules: Rules) -> Patience | None:
    if phase in (_P.WAITING_FOR_WAREHOUSE, _P.WAITING_FOR_RELEASE):
        return rules.warehouse
    if phase in (_P.HELD, _P.COUNTERED, _P.NO_CARRIER):
        return rules.person
    return rules.number if phase is _P.WAITING_FOR_NUMBER else None


def _since(state: BookingState, one: Booking | None) -> int | None:
    """Since when it waits; None: no record says so."""
    if state.phase is _P.WAITING_FOR_WAREHOUSE and state.release is not None:
        return max(state.release.updated_at, state.release.ship_on or 0)
    if state.phase in (_P.WAITING_FOR_RELEASE, _P.HELD) and state.parts:
        return max(part.at for part in state.parts)
    if state.phase is _P.NO_CARRIER and state.bookings:
        return max(booking.changed_at for booking in state.bookings)
    return one.changed_at if one is not None else None
