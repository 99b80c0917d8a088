"""Generated histories: what carriers and the ERP may say about a few shipments, in any order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import strategies as st

from streams.contracts.ids import event_id
from streams.contracts.model import CarrierEvent, Location, OrderReference, ProofOfDelivery, ShipmentLink, Source
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    Flag,
    LinkKind,
    Milestone,
    Precision,
    Reason,
)
from streams.shipments.step import Received

Said = Received | OrderReference | ShipmentLink
DAY_ONE = 1_767_225_600_000
MINUTE = 60_000
HOUR = 60 * MINUTE
SOURCE = Source("north.track", "webhook", "raw.north.track.v1", 0, 0, 0, "c-1")
POLLED = Source("north.track", "poll", "raw.north.track.v1", 0, 1, 0, "c-2")
AGGREGATOR = Source("west.all", "webhook", "raw.west.all.v1", 0, 0, 0, "c-3")


def carrier_event(milestone: Milestone, minutes: int, **changes: Any) -> CarrierEvent:
    """An actual event ``minutes`` after day one, received a minute later; ``changes`` by field name."""
    at = DAY_ONE + minutes * MINUTE
    fields: dict[str, Any] = {
        "event_id": "",
        "carrier": "north",
        "tracking_number": "N100",
        "milestone": milestone,
        "classifier": Classifier.ACTUAL,
        "occurred_at": at,
        "received_at": at + MINUTE,
        "exception": ExceptionType.NONE,
        "reason": Reason.NORMAL,
        "carrier_code": milestone.value.upper(),
        "carrier_text": "as the carrier says it",
        "location": Location(city="Lund", country="SE"),
        "estimated_delivery_at": None,
        "proof_of_delivery": None,
        "piece": None,
        "utc_offset_minutes": 60,
        "zone_assumed": False,
        "precision": Precision.INSTANT,
        "correction": Correction.NEW,
        "corrects": None,
        "references": [],
        "flags": [],
        "source": SOURCE,
        **changes,
    }
    event = CarrierEvent(**fields)
    if not event.event_id:
        event.event_id = event_id(
            event.carrier, event.tracking_number, milestone, event.carrier_code, event.occurred_at,
            event.location, f"{event.piece}{event.exception}{event.classifier}{event.correction}{event.corrects}",
        )  # fmt: skip
    return event


def received(event: CarrierEvent) -> Received:
    """The event as the stage takes it in; the body stands in for its Avro bytes."""
    return Received(event, event.event_id.encode())


def reference(order: str = "O-1", delivery: str = "D-1", **changes: Any) -> OrderReference:
    """An order's claim on the shipment of :func:`carrier_event`."""
    fields: dict[str, Any] = {
        "carrier": "north",
        "tracking_number": "N100",
        "order_id": order,
        "delivery_id": delivery,
        "customer_id": f"customer of {order}",
        "promised_delivery_at": None,
        "updated_at": DAY_ONE,
        **changes,
    }
    return OrderReference(**fields)


_SOURCES = st.sampled_from([SOURCE, SOURCE, POLLED, AGGREGATOR])
_NUMBERS = st.sampled_from(["N100", "N200"])
_ESTIMATES = st.none().map(lambda _: (None, None)) | st.tuples(
    st.integers(1, 3).map(lambda day: DAY_ONE + day * 24 * HOUR), st.none() | st.just(DAY_ONE + 20 * HOUR)
)
_TROUBLE = st.one_of(st.just(ExceptionType.NONE), st.just(ExceptionType.NONE), st.sampled_from(ExceptionType))


@st.composite
def counted_pieces(draw: st.DrawFn) -> CarrierEvent:
    """A report of a piece, or of how many there are, in any order; some are taken back or sent again."""
    piece = draw(st.sampled_from([None, "1", "2", "3"]))
    ends = (Milestone.DELIVERED, Milestone.DELIVERED, Milestone.RETURNING, Milestone.OUT_FOR_DELIVERY)
    return carrier_event(
        draw(st.sampled_from(ends)) if piece else Milestone.INFO, draw(st.integers(0, 12)), piece=piece,
        piece_count=draw(st.sampled_from([None, 2, 3])), received_at=DAY_ONE + draw(st.integers(-2, 20)) * MINUTE,
        carrier_event_id=draw(st.sampled_from([None, None, None, "E-1"])),
        flags=draw(st.sampled_from([[], [], [Flag.DELIVERY_DOUBTFUL.value]])),
    )


@st.composite
def events(draw: st.DrawFn) -> CarrierEvent:
    """Any event, within so few minutes that ties, late arrivals and loops are common."""
    milestone = draw(st.sampled_from(Milestone))
    minutes = draw(st.integers(0, 12))
    actual = draw(st.booleans()) or draw(st.booleans())
    trouble = draw(_TROUBLE)
    estimate = draw(_ESTIMATES)
    return carrier_event(
        milestone,
        minutes,
        tracking_number=draw(_NUMBERS),
        classifier=Classifier.ACTUAL if actual else draw(st.sampled_from(Classifier)),
        received_at=DAY_ONE + draw(st.integers(-2, 20)) * MINUTE,
        exception=trouble,
        reason=Reason.NORMAL if trouble is ExceptionType.NONE else draw(st.sampled_from(Reason)),
        estimated_delivery_at=estimate[0],
        estimated_delivery_from=estimate[1],
        proof_of_delivery=draw(st.none() | st.just(ProofOfDelivery(signed_by="A. Berg"))),
        flags=draw(st.sampled_from([
            [], [], [], [Flag.TIMESTAMP_FUTURE.value], [Flag.DELIVERY_DOUBTFUL.value], [Flag.CONFIRMED_BY_PERSON.value],
        ])),
        piece=draw(st.sampled_from([None, None, None, "1", "2"])),
        piece_count=draw(st.sampled_from([None, None, None, 2])),
        carrier_shipment_id=draw(st.sampled_from([None, None, None, None, "S-1", "S-2"])),
        carrier_event_id=draw(st.sampled_from([None, None, None, "E-1", "E-2"])),
        source=draw(_SOURCES),
        precision=draw(st.sampled_from([Precision.INSTANT, Precision.INSTANT, Precision.DATE_ONLY])),
    )


@st.composite
def references(draw: st.DrawFn, withdrawn: bool = False) -> OrderReference:
    """One of a few claims, in one of a few versions, by one of a few things that may have turned about it; a delivery
    may be claimed by two orders."""
    return reference(
        draw(st.sampled_from(["O-1", "O-2"])),
        draw(st.sampled_from(["D-1", "D-2"])),
        tracking_number=draw(_NUMBERS),
        customer_id=draw(st.sampled_from(["C-1", "C-2"])),
        promised_delivery_at=draw(st.none() | st.just(DAY_ONE + HOUR)),
        updated_at=DAY_ONE + draw(st.integers(0, 3)) * HOUR,
        withdrawn=withdrawn,
        by=draw(st.sampled_from(["", "", "bol:B1", "po:P9"])),
        turn=draw(st.sampled_from([0, 0, 1, 2])),
    )


def _correcting(draw: st.DrawFn, target: CarrierEvent) -> CarrierEvent:
    return carrier_event(
        draw(st.sampled_from(Milestone)),
        draw(st.integers(0, 12)),
        tracking_number=target.tracking_number,
        correction=draw(st.sampled_from([Correction.REPLACES, Correction.RETRACTS])),
        corrects=target.event_id,
    )


def _seen_elsewhere(draw: st.DrawFn, item: Received) -> Received:
    """The same event as another source tells it, or its own again with another estimate."""
    estimate = draw(st.just((item.event.estimated_delivery_at, item.event.estimated_delivery_from)) | _ESTIMATES)
    event = msgspec.structs.replace(
        item.event, source=draw(_SOURCES), received_at=item.event.received_at + draw(st.integers(-2, 2)) * MINUTE,
        estimated_delivery_at=estimate[0], estimated_delivery_from=estimate[1],
    )
    return Received(event, item.encoded)


@st.composite
def histories(draw: st.DrawFn, least: int = 0) -> list[Said]:
    """Distinct things said about two shipments, corrections of some of them among them; of events and of orders'
    claims ``least`` at the least.

    Events of the same id agree in everything the state depends on, but for their source, time of receipt and estimate.
    """
    said = draw(st.lists(events(), min_size=least, max_size=14))
    by_id = {event.event_id: event for event in said}
    targets = draw(st.lists(st.sampled_from(said), max_size=3)) if said else []
    for target in targets:
        correction = _correcting(draw, target)
        by_id.setdefault(correction.event_id, correction)
        if draw(st.booleans()):
            again = _correcting(draw, correction)
            by_id.setdefault(again.event_id, again)
    once = [received(event) for event in by_id.values()]
    if once:
        once += [_seen_elsewhere(draw, item) for item in draw(st.lists(st.sampled_from(once), max_size=3))]
    return [*once, *draw(st.lists(references(), min_size=least, max_size=6))]


@st.composite
def retellings(draw: st.DrawFn, history: Sequence[Said]) -> list[Said]:
    """The same history in another order, some of it again: an event sent again is received later."""
    again = draw(st.lists(st.sampled_from(history), max_size=6)) if history else []
    late = draw(st.integers(0, 3))
    repeats = [_received_later(item, late * MINUTE) for item in again]
    return draw(st.permutations([*history, *repeats]))


def _received_later(item: Said, by_ms: int) -> Said:
    if not isinstance(item, Received):
        return item
    event = msgspec.structs.replace(item.event, received_at=item.event.received_at + by_ms)
    return Received(event, item.encoded)


@st.composite
def batchings(draw: st.DrawFn, items: Sequence[Any]) -> list[list[Any]]:
    """The same sequence cut into chunks, empty ones among them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(items)), max_size=5)))
    edges = [0, *cuts, len(items)]
    return [list(items[start:end]) for start, end in pairwise(edges)]


NUMBERS = ["N100", "N200", "N300"]


@st.composite
def links(draw: st.DrawFn, withdrawn: bool = False) -> ShipmentLink:
    """One of a few links between the numbers of :func:`events` and one more, in any direction, loops among them."""
    part, whole = draw(st.permutations(NUMBERS))[:2]
    return ShipmentLink(
        "north", part, "north", whole, draw(st.sampled_from(LinkKind)), draw(st.sampled_from([0, 0, 1, 2])),
        withdrawn and draw(st.booleans()),
    )


@st.composite
def families(draw: st.DrawFn, settled: bool = False) -> list[ShipmentLink]:
    """Several links of any kinds, newer words of the same ones and contradicting ones among them.

    ``settled``: none is taken back or becomes one of another kind; else there is one at least, and some are taken back
    and maybe said again.
    """
    if not settled:
        said = draw(st.lists(links(withdrawn=True), min_size=1, max_size=6))
        for one in draw(st.lists(st.sampled_from(said), max_size=3)):
            at = draw(st.integers(3, 5))
            said.append(msgspec.structs.replace(one, updated_at=at, withdrawn=True))
            if draw(st.booleans()):
                said.append(msgspec.structs.replace(one, updated_at=at + 1, withdrawn=False))
        return said
    said = draw(st.lists(links(), max_size=6))
    kinds = {(one.tracking_number, one.of_tracking_number): one.kind for one in said}
    return [
        msgspec.structs.replace(one, kind=kinds[one.tracking_number, one.of_tracking_number]) for one in said
    ]


@st.composite
def wavering(draw: st.DrawFn) -> list[Said]:
    """A few links and claims, each given and taken back in turns and in its order, and events between, corrections and
    what another source tells of them among these."""
    said = draw(st.lists(events(), min_size=1, max_size=4))
    corrections = [_correcting(draw, target) for target in draw(st.lists(st.sampled_from(said), max_size=2))]
    once = [received(one) for one in {one.event_id: one for one in [*said, *corrections]}.values()]
    once += [_seen_elsewhere(draw, item) for item in draw(st.lists(st.sampled_from(once), max_size=2))]
    turns: list[list[Said]] = [[one] for one in once]
    turns += [_given_and_taken(draw, draw(links())) for _ in range(draw(st.integers(1, 3)))]
    turns += [_given_and_taken(draw, draw(references())) for _ in range(draw(st.integers(1, 2)))]
    order = draw(st.permutations([place for place, turn in enumerate(turns) for _ in turn]))
    return [turns[place].pop(0) for place in order]


def _given_and_taken(draw: st.DrawFn, word: ShipmentLink | OrderReference) -> list[Said]:
    times = range(1, draw(st.integers(2, 6)))
    return [
        msgspec.structs.replace(word, updated_at=word.updated_at + time * HOUR, withdrawn=not time % 2)
        for time in times
    ]
