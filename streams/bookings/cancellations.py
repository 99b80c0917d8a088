"""Cancellations of bookings: a carrier that is to come no more is told so until it takes it, or a person called it.

By EDI nothing answers a cancellation but its acknowledgement, which the edi stage watches. Times are UTC ms.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from streams.bookings.machine import actions_in
from streams.bookings.rules import Channel, Rules
from streams.contracts.bookings import (
    Booking,
    BookingAnswer,
    BookingDecision,
    BookingState,
    Cancellation,
)
from streams.kernel.booking_vocabulary import NOT_TAKEN, AnswerKind, BookingAction, CancellationStatus

_S = CancellationStatus
_STATUS_OF = {
    AnswerKind.CANCELLED: _S.TAKEN, AnswerKind.CANCEL_REFUSED: _S.REFUSED, AnswerKind.CANCEL_UNAVAILABLE: _S.ASKED,
}
ANSWERS = frozenset(_STATUS_OF)
"""A carrier's answers to a cancellation."""


def is_open(one: Booking) -> bool:
    """Whether its carrier may come though it was to be told not to."""
    return one.cancellation is not None and one.cancellation.status in NOT_TAKEN


def open_in(state: BookingState) -> list[Booking]:
    """The bookings whose carriers may come though they were to be told not to."""
    return [one for one in state.bookings if is_open(one)]


def actions_for(state: BookingState) -> list[BookingAction]:
    """The decisions that are possible about the delivery as it stands."""
    can_close = bool(open_in(state))
    return [one for one in actions_in(state.phase) if one is not BookingAction.CLOSE or can_close]


def decided_at(state: BookingState) -> int:
    """When the last decision about the delivery that counts was taken; 0: never."""
    return max((one.at for one in _decisions(state)), default=0)


def decision_under(state: BookingState, key: str) -> BookingDecision | None:
    """The decision that was kept with this key, of those that count."""
    return next((one for one in _decisions(state) if key and one.key == key), None)


def cancelled(one: Booking, rules: Rules, now_ms: int) -> Booking:
    """The booking whose carrier is told not to come, once more where it was told before."""
    before = one.cancellation
    service = rules.service_of(one.carrier, one.service)
    is_asked = service is None or service.channel is Channel.REST
    patience = rules.cancellation
    after = Cancellation(
        now_ms, _S.ASKED if is_asked else _S.SENT, now_ms, patience.owner, now_ms + patience.deadline_ms,
        1 if before is None else before.attempt + 1,
    )
    if before is not None and is_open(one):
        after = replace(after, asked_at=before.asked_at, deadline=before.deadline, overdue=before.overdue)
    return replace(one, cancellation=after)


def answered(one: Booking, told: BookingAnswer, now_ms: int, pause_ms: int) -> Booking:
    """The booking after its carrier's answer to the cancellation; unchanged by one to an earlier try, or once the
    carrier took it. ``pause_ms``: until it is told again where it could not be reached."""
    before = one.cancellation
    if before is None or told.attempt != before.attempt or before.status in (_S.TAKEN, _S.CLOSED):
        return one
    status = _STATUS_OF[told.kind]
    retry_at = now_ms + pause_ms if told.kind is AnswerKind.CANCEL_UNAVAILABLE else None
    if retry_at is not None and before.retry_at is not None:
        return one
    changed_at = before.changed_at if status is before.status else now_ms
    deadline = min(before.deadline, now_ms) if status is _S.REFUSED else before.deadline
    after = replace(
        before, status=status, changed_at=changed_at, retry_at=retry_at, detail=told.detail, deadline=deadline,
    )
    return replace(one, cancellation=with_alert(after, now_ms))


def declined(one: Booking, now_ms: int) -> Booking:
    """The booking whose carrier says that it does not come, which takes the cancellation."""
    before = one.cancellation
    if before is None or before.status in (_S.TAKEN, _S.CLOSED):
        return one
    return replace(one, cancellation=replace(
        before, status=_S.TAKEN, changed_at=now_ms, retry_at=None, overdue=False,
    ))


def closed(one: Booking, told: BookingDecision, now_ms: int) -> Booking:
    """The booking whose carrier a person called; unchanged where no cancellation is open."""
    if not is_open(one) or one.cancellation is None:
        return one
    return replace(one, cancellation=replace(
        one.cancellation, status=_S.CLOSED, changed_at=now_ms, retry_at=None, overdue=False, closed=told,
    ))


def with_alert(one: Cancellation, now_ms: int) -> Cancellation:
    """The cancellation with its alert raised where that is due: at once where it is refused."""
    is_due = one.status is _S.REFUSED or (one.status is _S.ASKED and one.deadline <= now_ms)
    return replace(one, overdue=is_due)


def dues(state: BookingState) -> Iterator[int]:
    """When the clock changes a cancellation of the delivery."""
    for one in state.bookings:
        told = one.cancellation
        if told is not None and told.status is _S.ASKED:
            if not told.overdue:
                yield told.deadline
            if told.retry_at is not None:
                yield told.retry_at


def _decisions(state: BookingState) -> list[BookingDecision]:
    closed = [one.cancellation.closed for one in state.bookings if one.cancellation is not None]
    return [one for one in (state.decision, *closed) if one is not None]
