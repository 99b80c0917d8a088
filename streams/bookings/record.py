"""One delivery's record: takes an input in, and goes on from there: waits for the warehouse, asks the next carrier, or
has one. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec.structs import replace

from streams.bookings import cancellations
from streams.bookings.choice import Load, Wish, choose, next_of
from streams.bookings.invoices import matched
from streams.bookings.machine import EVENT_OF, MAY_DECIDE, TRANSITIONS, Event
from streams.bookings.readiness import parcels_of, part_of, readiness
from streams.bookings.rules import Rules
from streams.bookings.waits import with_wait
from streams.contracts.booking_ids import booking_id
from streams.contracts.bookings import (
    Booking,
    BookingAnswer,
    BookingDecision,
    BookingRequest,
    BookingState,
    Candidate,
    DeliveryRelease,
    FreightInvoice,
)
from streams.contracts.warehouse import WmsConfirmation
from streams.kernel.booking_vocabulary import (
    LIVE,
    AnswerKind,
    BookingAction,
    BookingPhase,
    BookingRequestKind,
    BookingStatus,
)
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

CANCELLED = "cancelled"
RETRY_MS, LONGEST_RETRY_MS = 5_000, 300_000
"""After how long a carrier that could not be reached is asked again, first and at most."""
_PHASE_OF = {
    BookingStatus.ASKED: BookingPhase.ASKING, BookingStatus.COUNTERED: BookingPhase.COUNTERED,
    BookingStatus.ACCEPTED: BookingPhase.WAITING_FOR_NUMBER, BookingStatus.BOOKED: BookingPhase.BOOKED,
}
_TIMED = frozenset({BookingStatus.ASKED, BookingStatus.COUNTERED})


class Done(NamedTuple):
    """The record after an input, what the input came to, and what is asked of carriers."""

    outcome: str
    state: BookingState
    requests: list[BookingRequest]


def live(state: BookingState | None) -> Booking | None:
    """The booking by which a carrier may come; there is at most one."""
    return next((one for one in state.bookings if one.status in LIVE), None) if state is not None else None


def with_release(told: DeliveryRelease, known: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """The record with the ERP's release of the delivery, or its cancellation: released, cancelled or late."""
    state = known or BookingState(told.delivery_id)
    if state.release is not None and told.updated_at <= state.release.updated_at:
        return Done("duplicates" if told == state.release else "late", state, [])
    after = replace(state, release=told, order_id=told.order_id, customer_id=told.customer_id)
    return _gone_on(told.status, after, [], rules, now_ms)


def with_confirmation(told: WmsConfirmation, known: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """The record with what the warehouse did: confirmed, or duplicates. A confirmation that comes again under its
    number takes the place of the earlier one."""
    state = known or BookingState(told.delivery_id, told.order_id or "")
    part = part_of(told)
    rest = [one for one in state.parts if one.confirmation_id != part.confirmation_id]
    if part in state.parts:
        return Done("duplicates", state, [])
    parts = sorted([*rest, part], key=lambda one: (one.at, one.confirmation_id))
    return _gone_on("confirmed", replace(state, parts=parts), [], rules, now_ms)


def with_answer(told: BookingAnswer, known: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """The record with a carrier's answer: its kind, or duplicates. Raises Reject for an answer that is to no booking,
    is another carrier's, or is not possible as the booking stands."""
    one = _booking(known, told.booking_id)
    if known is None or one is None:
        raise _refused(f"there is no booking {told.booking_id}", "look for the carrier's reference")
    service = rules.service_of(one.carrier, one.service)
    if told.carrier not in ("", one.carrier) and (service is None or not service.is_called(told.carrier)):
        raise _refused(
            f"booking {one.booking_id} was asked of {one.carrier}, not of {told.carrier}",
            "give the carrier's SCAC as scac in config/bookings.yaml if it is the same",
        )
    if told.kind is AnswerKind.UNAVAILABLE:
        return _unavailable(told, known, one, now_ms)
    if told.kind in cancellations.ANSWERS:
        return _cancellation_answered(told, known, one, now_ms)
    event = EVENT_OF.get(told.kind)
    if event is Event.ACCEPTED and told.tracking_number:
        event = Event.BOOKED
    target = None if event is None else TRANSITIONS[one.status].get(event)
    if target is None:
        raise _refused(f"booking {one.booking_id} is {one.status.value}: {told.kind.value} is not possible there",
                       "ask the carrier what it means")
    after = _answered(one, told, target, rules, now_ms)
    if event is Event.DECLINED:
        after = cancellations.declined(after, now_ms)
    if replace(after, changed_at=one.changed_at, detail=one.detail) == one:
        return Done("duplicates", known, [])
    requests = []
    if target is BookingStatus.CANCELLED and event in (Event.ACCEPTED, Event.BOOKED):
        after = cancellations.cancelled(after, rules, now_ms)
        requests.append(request_of(known, after, BookingRequestKind.CANCEL, rules, now_ms))
    return _gone_on(told.kind.value, _with(known, after), requests, rules, now_ms)


def with_decision(told: BookingDecision, known: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """The record with a person's decision: decided, late, or duplicates where its key was the last one's, too. Raises
    Reject for one that is not possible."""
    if told.action not in MAY_DECIDE:
        raise _refused(f"{told.action.value} is no decision", "write book, rebook, accept, refuse, cancel or close")
    if not told.by or not told.reason:
        raise _refused("nobody answers for it", "name who decides, and why")
    if known is None:
        raise _refused(f"nothing is known of delivery {told.delivery_id}", "look for its number in the ERP")
    last = known.decision
    if cancellations.decision_under(known, told.key) is not None:
        return Done("duplicates", known, [])
    if told.action is BookingAction.CLOSE:
        return _closed(told, known, now_ms)
    if last is not None and told.at <= last.at:
        return Done("late", known, [])
    if known.phase not in MAY_DECIDE[told.action]:
        raise _refused(f"delivery {told.delivery_id} is {known.phase.value}: {told.action.value} changes nothing there",
                       "see shipsync bookings show")
    state, requests = replace(known, decision=told), list[BookingRequest]()
    one = live(state)
    if told.action in (BookingAction.CANCEL, BookingAction.REBOOK):
        state, requests = _cancelled(state, rules, now_ms)
        if told.action is BookingAction.REBOOK:
            state = replace(state, round_at=len(state.bookings), is_chosen=False)
    elif one is not None and told.action is BookingAction.ACCEPT:
        state, requests = _asked_again(state, one, TRANSITIONS[one.status][Event.AGREED], rules, now_ms)
    elif one is not None and told.action is BookingAction.REFUSE:
        after = replace(one, status=TRANSITIONS[one.status][Event.REFUSED], changed_at=now_ms)
        after = cancellations.cancelled(after, rules, now_ms)
        state = _with(state, after)
        requests = [request_of(state, after, BookingRequestKind.CANCEL, rules, now_ms)]
    return _gone_on("decided", state, requests, rules, now_ms)


def with_invoice(told: FreightInvoice, known: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """The record with a freight invoice and where it differs from the booking: matched, mismatched or duplicates."""
    state = known or BookingState(told.delivery_id)
    if any(one.invoice == told for one in state.invoices):
        return Done("duplicates", state, [])
    found = matched(told, state, rules)
    rest = [one for one in state.invoices if one.invoice.invoice_id != told.invoice_id]
    invoices = sorted([*rest, found], key=lambda one: (one.invoice.invoiced_at, one.invoice.invoice_id))
    after = replace(state, invoices=invoices, updated_at=max(state.updated_at, now_ms))
    return Done("mismatched" if found.mismatches else "matched", after, [])


def at_time(known: BookingState, rules: Rules, now_ms: int) -> Done:
    """The record at a time: expired where a carrier did not answer, asked where one is asked again, else overdue."""
    state, requests = _cancelled_again(known, rules, now_ms)
    outcome = "asked" if requests else "overdue"
    one = live(state)
    if one is not None and one.status in _TIMED and one.answer_by <= now_ms:
        outcome = "expired"
        after = replace(one, status=TRANSITIONS[one.status][Event.EXPIRED], changed_at=now_ms, retry_at=None)
        after = cancellations.cancelled(after, rules, now_ms)
        state = _with(state, after)
        requests.append(request_of(state, after, BookingRequestKind.CANCEL, rules, now_ms))
    elif one is not None and one.retry_at is not None and one.retry_at <= now_ms:
        outcome = "asked"
        after = replace(one, attempt=one.attempt + 1, retry_at=None)
        state = _with(state, after)
        requests.append(request_of(state, after, BookingRequestKind.BOOK, rules, now_ms))
    return _gone_on(outcome, state, requests, rules, now_ms)


def next_due(state: BookingState) -> int | None:
    """When the clock alone changes the delivery; None: never."""
    one = live(state)
    times = [one.answer_by, one.retry_at] if one is not None and one.status in _TIMED else []
    times += cancellations.dues(state)
    wait = state.wait
    if wait is not None and not wait.overdue:
        times.append(wait.deadline)
    return min((at for at in times if at is not None), default=None)


def request_of(
    state: BookingState, one: Booking, kind: BookingRequestKind, rules: Rules, now_ms: int
) -> BookingRequest:
    """The request to the booking's carrier."""
    release, attempt = state.release, one.attempt
    if kind is BookingRequestKind.CANCEL and one.cancellation is not None:
        attempt = one.cancellation.attempt
    return BookingRequest(
        one.booking_id, kind, state.delivery_id, state.order_id, state.customer_id, one.carrier, one.service,
        attempt, now_ms, one.answer_by, None if release is None else rules.shipper_of(release.warehouse),
        None if release is None else release.ship_to, parcels_of(state), None if release is None else release.ship_on,
        one.tracking_number, one.carrier_reference,
    )


def candidates_of(state: BookingState, rules: Rules, now_ms: int, wish: Wish | None = None) -> list[Candidate]:
    """The carriers' services as they would be chosen now; none without a release."""
    release = state.release
    if release is None:
        return []
    weights = [one.weight_kg for one in parcels_of(state)]
    leaves = now_ms if release.ship_on is None else max(now_ms, release.ship_on)
    load = Load(
        release.customer_id, rules.shipper_of(release.warehouse), release.ship_to, sum(weights),
        max(weights, default=0.0), release.service, f"{datetime.fromtimestamp(leaves / 1000, UTC):%Y-%m-%d}",
    )
    return choose(load, rules, wish)


def _gone_on(
    outcome: str, state: BookingState, requests: Sequence[BookingRequest], rules: Rules, now_ms: int
) -> Done:
    """The delivery after a change: in its phase, with its wait, and the next carrier asked where one is due."""
    asked = list(requests)
    release = state.release
    is_over = state.decision is not None and state.decision.action is BookingAction.CANCEL
    is_over = is_over or (release is not None and release.status == CANCELLED)
    if is_over and live(state) is not None:
        state, more = _cancelled(state, rules, now_ms)
        asked += more
    phase = _phase(state, rules, is_over=is_over)
    if phase is BookingPhase.ASKING and live(state) is None:
        state, more = _asked_next(state, rules, now_ms)
        asked += more
        phase = BookingPhase.ASKING if more else BookingPhase.NO_CARRIER
    state = replace(state, phase=phase, updated_at=max(state.updated_at, now_ms))
    return Done(outcome, with_wait(state, live(state), rules, now_ms), asked)


def _phase(state: BookingState, rules: Rules, *, is_over: bool) -> BookingPhase:
    """Where it stands; asking also where the next carrier is to be asked."""
    if is_over:
        return BookingPhase.CANCELLED
    one = live(state)
    if one is not None:
        return _PHASE_OF[one.status]
    found, action = readiness(state), None if state.decision is None else state.decision.action
    if state.release is None:
        return BookingPhase.BOOKED if found.left else BookingPhase.WAITING_FOR_RELEASE
    if not state.bookings:
        if found.left:
            return BookingPhase.BOOKED
        if not found.is_packed and not (action is BookingAction.BOOK and state.parts):
            return BookingPhase.WAITING_FOR_WAREHOUSE
        holds = (found.short and rules.short == "hold") or (found.over and rules.over == "hold")
        if holds and action is not BookingAction.BOOK:
            return BookingPhase.HELD
    return BookingPhase.NO_CARRIER if found.left else BookingPhase.ASKING


def _asked_next(state: BookingState, rules: Rules, now_ms: int) -> tuple[BookingState, list[BookingRequest]]:
    """The delivery with the next carrier asked; as it is where none is left."""
    if not state.is_chosen:
        state = replace(state, candidates=candidates_of(state, rules, now_ms, _wish(state)), is_chosen=True)
    asked = [(one.carrier, one.service) for one in state.bookings[state.round_at:]]
    found = next_of(state.candidates, asked)
    service = None if found is None else rules.service_of(found.carrier, found.service)
    if found is None or service is None:
        return state, []
    booking = Booking(
        booking_id(state.delivery_id, len(state.bookings) + 1), found.carrier, found.service, BookingStatus.ASKED,
        now_ms, now_ms + service.answer_within_ms, now_ms, found.reason, cost=found.cost, currency=found.currency,
    )
    state = replace(state, bookings=[*state.bookings, booking])
    return state, [request_of(state, booking, BookingRequestKind.BOOK, rules, now_ms)]


def _wish(state: BookingState) -> Wish | None:
    told = state.decision
    if told is None or told.action is not BookingAction.REBOOK or not told.carrier:
        return None
    return Wish(told.carrier, told.service, told.by)


def _answered(
    one: Booking, told: BookingAnswer, target: BookingStatus, rules: Rules, now_ms: int
) -> Booking:
    service = rules.service_of(one.carrier, one.service)
    answer_by = one.answer_by
    if target is BookingStatus.COUNTERED and one.status is not BookingStatus.COUNTERED and service is not None:
        answer_by = now_ms + max(service.answer_within_ms, 2 * rules.person.deadline_ms)
    return replace(
        one, status=target, changed_at=now_ms, answer_by=answer_by, retry_at=None, detail=told.detail or one.detail,
        tracking_number=told.tracking_number or one.tracking_number,
        carrier_reference=told.carrier_reference or one.carrier_reference,
        label_url=told.label_url or one.label_url, tracking_url=told.tracking_url or one.tracking_url,
        cost=one.cost if told.cost is None else told.cost, currency=told.currency or one.currency,
    )


def _unavailable(told: BookingAnswer, known: BookingState, one: Booking, now_ms: int) -> Done:
    if one.status is not BookingStatus.ASKED or told.attempt != one.attempt or one.retry_at is not None:
        return Done("duplicates", known, [])
    after = replace(one, retry_at=now_ms + _pause_ms(one.attempt), detail=told.detail)
    return Done("unavailable", _changed(known, after, now_ms), [])


def _cancellation_answered(told: BookingAnswer, known: BookingState, one: Booking, now_ms: int) -> Done:
    """The record with a carrier's answer to a cancellation. Raises Reject where there was none."""
    if one.cancellation is None:
        raise _refused(f"booking {one.booking_id} was not cancelled", "ask the carrier what it means")
    after = cancellations.answered(one, told, now_ms, _pause_ms(one.cancellation.attempt))
    if after == one:
        return Done("duplicates", known, [])
    return Done(told.kind.value, _changed(known, after, now_ms), [])


def _closed(told: BookingDecision, known: BookingState, now_ms: int) -> Done:
    """The record whose open cancellations a person saw to. Raises Reject where there is none."""
    bookings = [cancellations.closed(one, told, now_ms) for one in known.bookings]
    if bookings == known.bookings:
        raise _refused(f"no carrier owes delivery {told.delivery_id} a cancellation", "see shipsync bookings show")
    return Done("decided", replace(known, bookings=bookings, updated_at=max(known.updated_at, now_ms)), [])


def _cancelled_again(known: BookingState, rules: Rules, now_ms: int) -> tuple[BookingState, list[BookingRequest]]:
    """The delivery whose carriers are told again not to come where that is due, with the alerts that are."""
    state, requests = known, list[BookingRequest]()
    for one in known.bookings:
        told = one.cancellation
        if told is None or not cancellations.is_open(one):
            continue
        after = one
        if told.retry_at is not None and told.retry_at <= now_ms:
            after = cancellations.cancelled(one, rules, now_ms)
            requests.append(request_of(state, after, BookingRequestKind.CANCEL, rules, now_ms))
        assert after.cancellation is not None
        state = _with(state, replace(after, cancellation=cancellations.with_alert(after.cancellation, now_ms)))
    return state, requests


def _pause_ms(attempt: int) -> int:
    return min(RETRY_MS << min(attempt - 1, 10), LONGEST_RETRY_MS)


def _changed(state: BookingState, booking: Booking, now_ms: int) -> BookingState:
    return replace(_with(state, booking), updated_at=max(state.updated_at, now_ms))


def _cancelled(state: BookingState, rules: Rules, now_ms: int) -> tuple[BookingState, list[BookingRequest]]:
    """The delivery with its live booking cancelled, if there is one."""
    one = live(state)
    if one is None:
        return state, []
    after = replace(one, status=TRANSITIONS[one.status][Event.CANCELLED], changed_at=now_ms, retry_at=None)
    after = cancellations.cancelled(after, rules, now_ms)
    return _with(state, after), [request_of(state, after, BookingRequestKind.CANCEL, rules, now_ms)]


def _asked_again(
    state: BookingState, one: Booking, target: BookingStatus, rules: Rules, now_ms: int
) -> tuple[BookingState, list[BookingRequest]]:
    """The delivery with its carrier asked once more, under the terms it gave."""
    service = rules.service_of(one.carrier, one.service)
    answer_by = now_ms + (rules.person.deadline_ms if service is None else service.answer_within_ms)
    after = replace(one, status=target, attempt=one.attempt + 1, changed_at=now_ms, answer_by=answer_by)
    return _with(state, after), [request_of(state, after, BookingRequestKind.BOOK, rules, now_ms)]


def _with(state: BookingState, booking: Booking) -> BookingState:
    return replace(
        state, bookings=[booking if one.booking_id == booking.booking_id else one for one in state.bookings]
    )


def _booking(state: BookingState | None, booking_id: str) -> Booking | None:
    return None if state is None else next((one for one in state.bookings if one.booking_id == booking_id), None)


def _refused(problem: str, remedy: str) -> Reject:
    return Reject(RejectReason.ILLEGAL_DECISION, f"{problem}; {remedy}")
