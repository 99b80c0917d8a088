"""The fulfilment step: facts about ERP deliveries and people's decisions in; postings out, each once.

Reads ``delivery.milestones``, ``wms.confirmations``, ``carrier.bookings``, ``document.chases`` and
``fulfilment.decisions``, all keyed by delivery; writes ``erp.postings``, ``alert.signals`` and, as its state,
``fulfilment.state``. Times are UTC ms.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from streams.contracts.model import (
    AlertSignal,
    BookingRequest,
    DeliveryMilestone,
    DocumentChase,
    ErpPosting,
    FulfilmentDecision,
    FulfilmentState,
    WmsConfirmation,
)
from streams.fulfilment.alerts import alert_between
from streams.fulfilment.kinds import is_shortage, kind_of
from streams.fulfilment.policy import PLAIN, Policies
from streams.fulfilment.record import (
    SHIPPED,
    Done,
    at_time,
    with_booking,
    with_chase,
    with_decision,
    with_expected,
    with_milestone,
    with_shortage,
)
from streams.kernel.booking_vocabulary import BookingRequestKind
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult

Input = DeliveryMilestone | WmsConfirmation | FulfilmentDecision | BookingRequest | DocumentChase
_BOOKINGS = frozenset({BookingRequestKind.BOOKED, BookingRequestKind.RELEASED})
_NOT_POSTED, _NOT_NEEDED = "not_posted", "not_needed"


class Outputs(Struct, frozen=True):
    """The postings for the ERP: ``postings`` go out with the chunk, ``settled`` once the delivery's record is kept,
    since what is read later may take them back. ``alerts``: about waits, raised and resolved."""

    postings: list[ErpPosting] = field(default_factory=list)
    settled: list[ErpPosting] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)


def step(
    chunk: Sequence[Input], states: Mapping[str, FulfilmentState | None], policies: Policies = PLAIN, now_ms: int = 0
) -> StepResult[Outputs, FulfilmentState]:
    """Take a chunk in. ``states``: delivery id -> what is stored; left unchanged.

    A posting's id names the fact (delivery, shipment or piece, kind; for attempts which of them), so a loss reported
    as lost and as destroyed is posted once. A fact that no event tells of any more, because those that did were found
    not to be of the shipment, is reversed by a posting of its own, and posted anew, under another id, where it comes to
    be true after all. ``counts``: every milestone is one of posted, reversed, held, noted, duplicates and not_posted; a
    warehouse's confirmation, or a booking, expected, unbooked, duplicates or not_needed; a decision decided, late or
    refused; a chase chased or duplicates.
    """
    out = Outputs()
    changed: dict[str, FulfilmentState] = {}
    refused: list[tuple[int, Reject]] = []
    counts: Counter[str] = Counter()
    for place, item in enumerate(chunk):
        before = changed.get(item.delivery_id) or states.get(item.delivery_id)
        try:
            done = _taken(item, before, policies, now_ms)
        except Reject as reject:
            refused.append((place, reject.as_value()))
            continue
        if isinstance(done, str):
            counts[done] += 1
            continue
        _tell(out, before, done, now_ms)
        if done.state != before:
            changed[item.delivery_id] = done.state
        counts[done.outcome] += 1
    return StepResult(out, changed, refused, counts=counts)


def sweep(
    states: Mapping[str, FulfilmentState], policies: Policies, now_ms: int
) -> StepResult[Outputs, FulfilmentState]:
    """Do what the clock brings about for these deliveries: grace that ends, deadlines that pass. Returns each of them.
    ``counts``: released and overdue."""
    out = Outputs()
    changed: dict[str, FulfilmentState] = {}
    counts: Counter[str] = Counter()
    for delivery_id, before in states.items():
        done = at_time(before, policies, now_ms)
        _tell(out, before, done, now_ms)
        changed[delivery_id] = done.state
        if done.state != before:
            counts[done.outcome] += 1
    return StepResult(out, changed, counts=counts)


def _taken(item: Input, before: FulfilmentState | None, policies: Policies, now_ms: int) -> Done | str:
    """Takes one input in; of one that leaves everything as it is, its outcome alone. Raises Reject."""
    if isinstance(item, FulfilmentDecision):
        return with_decision(item, before, policies, now_ms)
    if isinstance(item, DocumentChase):
        return with_chase(item, before)
    if isinstance(item, WmsConfirmation):
        is_needed = item.kind == SHIPPED and bool(item.tracking_numbers or item.lines)
        return with_expected(item, before, policies, now_ms) if is_needed else _NOT_NEEDED
    if isinstance(item, BookingRequest):
        is_told = item.kind in _BOOKINGS and bool(item.tracking_number)
        return with_booking(item, before, policies, now_ms) if is_told else _NOT_NEEDED
    if is_shortage(item):
        return with_shortage(item, before, policies, now_ms)
    kind = kind_of(item)
    return _NOT_POSTED if kind is None else with_milestone(item, kind, before, policies, now_ms)


def _tell(out: Outputs, before: FulfilmentState | None, done: Done, now_ms: int) -> None:
    (out.settled if done.is_gated else out.postings).extend(done.postings)
    alert = alert_between(before, done.state, now_ms)
    if alert is not None:
        out.alerts.append(alert)
