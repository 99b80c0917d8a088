"""The bookings step: released deliveries, the warehouse's confirmations, carriers' answers, people's decisions and
freight invoices in; requests to carriers, claims on their numbers and alerts out.

Reads ``delivery.releases``, ``wms.confirmations``, ``booking.answers``, ``booking.decisions`` and ``freight.invoices``,
all keyed by delivery; writes ``carrier.bookings``, ``order.references``, ``reference.claims``, ``alert.signals``,
``erp.notices`` and, as its state, ``booking.state``. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from streams.bookings.notices import notices_between
from streams.bookings.record import (
    Done,
    at_time,
    with_answer,
    with_confirmation,
    with_decision,
    with_invoice,
    with_release,
)
from streams.bookings.rules import Rules
from streams.bookings.told import told_between
from streams.bookings.waits import alerts_between
from streams.contracts.bookings import (
    BookingAnswer,
    BookingDecision,
    BookingRequest,
    BookingState,
    DeliveryRelease,
    FreightInvoice,
)
from streams.contracts.model import AlertSignal, OrderReference, ReferenceClaim
from streams.contracts.notices import ErpNotice
from streams.contracts.warehouse import WmsConfirmation
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult

Input = DeliveryRelease | WmsConfirmation | BookingAnswer | BookingDecision | FreightInvoice
_NOT_NEEDED = "not_needed"


class Outputs(Struct, frozen=True):
    """``requests``: to carriers, and what became of them; ``references`` and ``claims``: whose a number is;
    ``notices``: what ERPs are told."""

    requests: list[BookingRequest] = field(default_factory=list)
    references: list[OrderReference] = field(default_factory=list)
    claims: list[ReferenceClaim] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    notices: list[ErpNotice] = field(default_factory=list)


def step(
    chunk: Sequence[Input], states: Mapping[str, BookingState | None], rules: Rules, now_ms: int
) -> StepResult[Outputs, BookingState]:
    """Take a chunk in. ``states``: delivery id -> what is stored; left unchanged. A picked quantity alone changes
    nothing, and without a declared service nor does anything; an answer about a delivery nobody released is not ours.

    ``counts``: every input is one of released, cancelled, confirmed, decided, matched, mismatched, the kinds of
    answers, duplicates, late, not_needed or refused.
    """
    out = Outputs()
    changed: dict[str, BookingState] = {}
    refused: list[tuple[int, Reject]] = []
    counts: Counter[str] = Counter()
    for place, item in enumerate(chunk):
        before = changed.get(item.delivery_id) or states.get(item.delivery_id)
        if before is None and (not rules.services or isinstance(item, BookingAnswer)):
            counts[_NOT_NEEDED] += 1
            continue
        try:
            done = _taken(item, before, rules, now_ms)
        except Reject as reject:
            refused.append((place, reject.as_value()))
            continue
        counts[done.outcome] += 1
        if done.state != before:
            _tell(out, before, done, rules, now_ms)
            changed[item.delivery_id] = done.state
    return StepResult(out, changed, refused, counts=counts)


def sweep(states: Mapping[str, BookingState], rules: Rules, now_ms: int) -> StepResult[Outputs, BookingState]:
    """Do what the clock brings about for these deliveries: carriers that did not answer, others that are asked again,
    deadlines. Returns each of them. ``counts``: expired, asked and overdue."""
    out = Outputs()
    changed: dict[str, BookingState] = {}
    counts: Counter[str] = Counter()
    for delivery_id, before in states.items():
        done = at_time(before, rules, now_ms)
        _tell(out, before, done, rules, now_ms)
        changed[delivery_id] = done.state
        counts[done.outcome] += 1
    return StepResult(out, changed, counts=counts)


def _taken(item: Input, before: BookingState | None, rules: Rules, now_ms: int) -> Done:
    """Takes one input in. Raises Reject."""
    match item:
        case DeliveryRelease():
            return with_release(item, before, rules, now_ms)
        case WmsConfirmation():
            return with_confirmation(item, before, rules, now_ms)
        case BookingAnswer():
            return with_answer(item, before, rules, now_ms)
        case BookingDecision():
            return with_decision(item, before, rules, now_ms)
        case FreightInvoice():
            return with_invoice(item, before, rules, now_ms)


def _tell(out: Outputs, before: BookingState | None, done: Done, rules: Rules, now_ms: int) -> None:
    told = told_between(before, done.state, rules, now_ms)
    out.requests.extend([*done.requests, *told.requests])
    out.references.extend(told.references)
    out.claims.extend(told.claims)
    out.alerts.extend(alerts_between(before, done.state, now_ms))
    out.notices.extend(notices_between(before, done.state, now_ms))
