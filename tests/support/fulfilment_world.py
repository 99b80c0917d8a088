"""One delivery with two shipments, everything that can happen to it, and the policies it can be under."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from streams.contracts.model import (
    BookingRequest,
    DeliveryMilestone,
    FulfilmentDecision,
    FulfilmentState,
    ProofOfDelivery,
    WmsConfirmation,
    WmsLine,
)
from streams.fulfilment.kinds import POSTING_OF
from streams.fulfilment.machine import DECISIONS, EVENT_OF, Event
from streams.fulfilment.policy import (
    ConfirmOn,
    DispatchOn,
    Patience,
    PiecesNeeded,
    Policies,
    Policy,
    ProofNeeded,
    QuantityNeeded,
)
from streams.fulfilment.step import Input, step, sweep
from streams.kernel.vocabulary import (
    BookingRequestKind,
    Correction,
    DeliveryPhase,
    ExceptionType,
    FulfilmentAction,
    Milestone,
    Reason,
    WaitKind,
)

DAY = 86_400_000
NOON = 1_790_000_000_000
DELIVERY = "D-1"
ONE, OTHER = "N100", "N200"
WAITS = {kind: Patience("finance", 5 * DAY) for kind in WaitKind}
POLICIES: Mapping[str, Policy] = {
    "plain": Policy(waits=WAITS),
    "proof": Policy(proof=ProofNeeded.ANY, waits=WAITS),
    "document": Policy(proof=ProofNeeded.DOCUMENT, waits=WAITS),
    "grace": Policy(proof=ProofNeeded.ANY, grace_ms=3 * DAY, waits=WAITS),
    "all": Policy(DispatchOn.FIRST, ConfirmOn.ALL, waits=WAITS),
    "all proof": Policy(DispatchOn.FIRST, ConfirmOn.ALL, ProofNeeded.ANY, waits=WAITS),
    "quantity": Policy(waits=WAITS, quantity=QuantityNeeded.MATCH),
    "pieces": Policy(waits=WAITS, pieces=PiecesNeeded.COMPLETE),
    "pieces proof": Policy(proof=ProofNeeded.ANY, grace_ms=3 * DAY, waits=WAITS, pieces=PiecesNeeded.COMPLETE),
    "all pieces": Policy(DispatchOn.FIRST, ConfirmOn.ALL, waits=WAITS, pieces=PiecesNeeded.COMPLETE),
    "all grace": Policy(DispatchOn.ALL, ConfirmOn.ALL, ProofNeeded.ANY, 3 * DAY, WAITS),
}
HAPPENS = (
    Milestone.PICKED_UP, Milestone.DELIVERY_ATTEMPTED, Milestone.DELIVERED, Milestone.POD_RECEIVED,
    Milestone.RETURNING, Milestone.RETURNED, Milestone.LOST, Milestone.BOOKING_CANCELLED,
)
AT = {
    milestone: NOON + place * DAY // 4 for place, milestone in enumerate((
        Milestone.BOOKING_CANCELLED, Milestone.PICKED_UP, Milestone.DELIVERY_ATTEMPTED, Milestone.LOST,
        Milestone.DELIVERED, Milestone.POD_RECEIVED, Milestone.RETURNING, Milestone.RETURNED,
    ))
}


def policies(name: str) -> Policies:
    """The policy of this name, for everybody."""
    return Policies(POLICIES[name])


def told(
    milestone: Milestone, number: str = ONE, at: int | None = None, proof: ProofOfDelivery | None = None,
    delivery: str = DELIVERY,
) -> DeliveryMilestone:
    """A milestone of one shipment of the delivery."""
    return DeliveryMilestone(
        f"m-{number}-{milestone}", delivery, "O-1", "C-1", "north", number, milestone,
        AT[milestone] if at is None else at, ExceptionType.NONE, Reason.NORMAL, proof, f"e-{number}-{milestone}",
    )


def short(number: str = ONE) -> DeliveryMilestone:
    """The carrier's report that pieces of a shipment are short, at its delivery."""
    one = told(Milestone.INFO, number, AT[Milestone.DELIVERED])
    return replace(one, milestone_id=f"m-{number}-shortage", exception=ExceptionType.SHORTAGE)


def taken_back(one: DeliveryMilestone) -> DeliveryMilestone:
    """The word that the event of a milestone is retracted."""
    return replace(
        one, correction=Correction.RETRACTS, corrects=one.event_id, because_of=f"void-{one.event_id}",
    )


def decided(action: FulfilmentAction, at: int = NOON, by: str = "Olga Fink") -> FulfilmentDecision:
    """A person's decision about the delivery."""
    return FulfilmentDecision(DELIVERY, action, by, "agreed by telephone", at)


def shipped(*numbers: str, quantity: float | None = None, name: str = "W-1", ordered: float = 5.0) -> WmsConfirmation:
    """The warehouse's word on the shipments of the delivery, and on how much of its one line was shipped."""
    lines = [] if quantity is None else [WmsLine("10", "A-1", ordered, quantity, "C62", None)]
    return WmsConfirmation(name, DELIVERY, "O-1", "east", "shipped", NOON, None, list(numbers), lines)


def booked(number: str, kind: BookingRequestKind = BookingRequestKind.BOOKED) -> BookingRequest:
    """The bookings stage's word on the number of the delivery's booking."""
    return BookingRequest(
        f"{DELIVERY}-1", kind, DELIVERY, "O-1", "C-1", "north", "parcel", 1, NOON, NOON, None, None, [],
        tracking_number=number,
    )


def facts_to_tell() -> Iterator[DeliveryMilestone]:
    """Every milestone of both shipments."""
    for number in (ONE, OTHER):
        for milestone in HAPPENS:
            yield told(milestone, number)


LATER = NOON + 9 * DAY
"""When every grace has ended."""


def phase_in(state: FulfilmentState | None) -> DeliveryPhase:
    """Where the delivery stands; open while nothing is known of it."""
    return DeliveryPhase.OPEN if state is None else state.phase


def inputs(
    state: FulfilmentState | None, now: int, *, counts: bool = False, shortages: bool = False
) -> Iterator[tuple[Event, Input]]:
    """All that can happen next. ``counts``: quantities too; ``shortages``: reports that pieces are short, too."""
    standing = set() if state is None else {one.milestone_id for one in (*state.standing, *state.short)}
    for report in [short(number) for number in (ONE, OTHER) if shortages]:
        yield Event.SHORT, report
        if report.milestone_id in standing:
            yield Event.RETRACTED, taken_back(report)
    for milestone in facts_to_tell():
        yield EVENT_OF[POSTING_OF[milestone.milestone]], milestone
        if milestone.milestone_id in standing:
            yield Event.RETRACTED, taken_back(milestone)
    yield Event.EXPECTED, shipped(ONE, OTHER)
    if counts:
        yield Event.EXPECTED, shipped(quantity=5.0, name="W-2")
        yield Event.EXPECTED, shipped(quantity=1.0, name="W-3")
    if state is not None and OTHER in state.expected:
        yield Event.UNBOOKED, booked(OTHER, BookingRequestKind.RELEASED)
    last = 0 if state is None or state.decision is None else state.decision.at
    for action, event in DECISIONS.items():
        yield event, decided(action, max(now, last + 1))


def walked(name: str, depth: int) -> dict[tuple[DeliveryPhase, Event], set[DeliveryPhase]]:
    """Every step between phases that up to ``depth`` inputs bring about under the policy of this name."""
    rules = policies(name)
    found: dict[tuple[DeliveryPhase, Event], set[DeliveryPhase]] = {}
    seen = set[object]()
    level: list[tuple[FulfilmentState | None, int]] = [(None, NOON + 2 * DAY)]

    def note(before: FulfilmentState | None, event: Event, after: FulfilmentState, now: int) -> None:
        if phase_in(before) is not after.phase:
            found.setdefault((phase_in(before), event), set()).add(after.phase)
        of_each = sorted(
            (
                sorted(one.kind for one in after.standing if one.tracking_number == number),
                any(one.tracking_number == number for one in after.short),
            )
            for number in (ONE, OTHER)
        )
        action = None if after.decision is None else after.decision.action
        key = repr((after.phase, of_each, action, after.expected, after.shipped, now))
        if key not in seen:
            seen.add(key)
            further.append((after, now))

    for _ in range(depth):
        further = list[tuple[FulfilmentState | None, int]]()
        for state, now in level:
            for event, item in inputs(
                state, now, counts=rules.default.quantity is QuantityNeeded.MATCH,
                shortages=rules.default.pieces is PiecesNeeded.COMPLETE,
            ):
                result = step([item], {DELIVERY: state}, rules, now)
                if DELIVERY in result.states:
                    note(state, event, result.states[DELIVERY], now)
            if state is not None and now < LATER:
                note(state, Event.GRACE_ENDED, sweep({DELIVERY: state}, rules, LATER).states[DELIVERY], LATER)
        level = further
    return found
