"""Inputs about a reference, and the beliefs of a world that hears them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from streams.contracts.model import AlertSignal, CarrierEvent, Location, OrderReference, Reference, ReferenceClaim
from streams.identity import record as records
from streams.identity.matching import MatchingRules
from streams.identity.record import IdentityInput, key_of
from streams.identity.resolved_events import resolved_event, retraction_of
from streams.identity.step import IdentityOutputs, step
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import AlertState, Classifier, Correction, Milestone, SaidBy
from tests.support.strategies import AGGREGATOR, DAY_ONE, HOUR, MINUTE, SOURCE, carrier_event

RULES = MatchingRules(span_ms=24 * HOUR, patience_ms=4 * HOUR)
BOL = Reference("bol", "B1")
DAYS = 24 * 60


def unresolved(minutes: int = 0, milestone: Milestone = Milestone.PICKED_UP, **changes: Any) -> CarrierEvent:
    """An event known by the bill of lading alone."""
    fields = {"tracking_number": "", "references": [BOL], **changes}
    return carrier_event(milestone, minutes, **fields)


def word(number: str, said_by: SaidBy = SaidBy.EVENT, minutes: int = 0, **changes: Any) -> ReferenceClaim:
    """Somebody's word that the bill of lading is the shipment's."""
    at = DAY_ONE + minutes * MINUTE
    fields: dict[str, Any] = {
        "type": "bol", "value": "B1", "carrier": "north", "tracking_number": number, "said_by": said_by,
        "said_at": at, "valid_at": at, **({"order_id": "O-9", "delivery_id": "D-9"} if said_by is SaidBy.ORDER else {}),
        **changes,
    }
    return ReferenceClaim(**fields)


def line(delivery: str = "D-1", minutes: int = 0, **changes: Any) -> ReferenceClaim:
    """An order's line that claims by the bill of lading."""
    at = DAY_ONE + minutes * MINUTE
    fields: dict[str, Any] = {
        "type": "bol", "value": "B1", "carrier": "north", "tracking_number": "", "said_by": SaidBy.ORDER,
        "said_at": at, "valid_at": at, "order_id": "O-1", "delivery_id": delivery, "customer_id": "C-1", **changes,
    }
    return ReferenceClaim(**fields)


def mistaken(event: CarrierEvent) -> tuple[CarrierEvent, CarrierEvent]:
    """The event of a shipment as one known by a reference: as it is found to be that shipment's, and as that turns out
    wrong."""
    bare = replace(event, tracking_number="")
    return (
        resolved_event(bare, event.carrier, event.tracking_number, SaidBy.EVENT, 0, 0),
        retraction_of(bare, event.carrier, event.tracking_number, 0),
    )


@dataclass
class World:
    """Everything that came out, and what its readers hold for true."""

    records: dict[str, bytes] = field(default_factory=dict)
    events: list[tuple[str, CarrierEvent]] = field(default_factory=list)
    references: list[OrderReference] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    @property
    def stories(self) -> dict[str, set[tuple[Any, ...]]]:
        """Shipment -> what stands in its history, whatever the ids: when, what, by whom; the voided left out. Of one
        event told twice by a source the version received first counts, as with shipments."""
        voided = {event.corrects for _, event in self.events if event.correction is Correction.RETRACTS}
        first: dict[tuple[str, str, str], CarrierEvent] = {}
        for key, event in self.events:
            if event.event_id not in voided and event.flags[-1:] != ["resolved_anew"]:
                known = first.setdefault((key, event.event_id, event.source.feed), event)
                if event.received_at < known.received_at:
                    first[key, event.event_id, event.source.feed] = event
        told: dict[str, set[tuple[Any, ...]]] = {}
        for (key, _, feed), event in first.items():
            what = event.occurred_at, event.carrier_text, event.milestone, feed, event.received_at
            told.setdefault(key, set()).add(what)
        return told

    @property
    def claims(self) -> dict[tuple[str, ...], tuple[Any, ...]]:
        """Claims of orders, as the shipments stage takes it, with time and terms: of the words by each reference that
        of the latest turn, the newest, and of those that stand the newest."""
        last: dict[tuple[str, ...], tuple[Any, ...]] = {}
        for one in self.references:
            name = one.carrier, one.tracking_number, one.order_id, one.delivery_id, one.by
            terms = ("", -1) if one.withdrawn else (one.customer_id, one.promised_delivery_at or -1)
            word = one.turn, one.updated_at, one.withdrawn, *terms
            last[name] = max(word, last.get(name, word))
        standing: dict[tuple[str, ...], tuple[Any, ...]] = {}
        for (*claim, _), (_, at, withdrawn, *terms) in last.items():
            if not withdrawn:
                standing[*claim,] = max((at, *terms), standing.get((*claim,), (at, *terms)))
        return standing

    @property
    def open_alerts(self) -> dict[str, AlertSignal]:
        """The alerts a reader of the compacted topic sees open."""
        latest = {alert.alert_id: alert for alert in self.alerts}
        return {key: alert for key, alert in latest.items() if alert.state is AlertState.RAISED}

    @property
    def known(self) -> dict[str, records.ReferenceRecord]:
        """The records, without the memory of what was taken back, which tells of the way and not of the end."""
        return {key: replace(records.decode(data), retractions=()) for key, data in self.records.items()}


def tell(chunks: Iterable[Sequence[IdentityInput]], start: World | None = None) -> World:
    """Play the chunks in their order, after ``start`` if given; ``start`` stays as it was."""
    world = World() if start is None else deepcopy(start)
    for chunk in chunks:
        states = {key: _read(world.records.get(key)) for key in map(key_of, chunk)}
        before = {key: records.encode(state) for key, state in states.items()}
        out = step(chunk, states, RULES)
        assert {key: records.encode(state) for key, state in states.items()} == before, "changed its argument"
        _add(world, out)
    return world


def _read(data: bytes | None) -> records.ReferenceRecord | None:
    return None if data is None else records.decode(data)


def _add(world: World, out: StepResult[IdentityOutputs, records.ReferenceRecord]) -> None:
    world.records |= {key: records.encode(known) for key, known in out.states.items()}
    world.events += out.outputs.events
    world.references += out.outputs.references
    world.alerts += out.outputs.alerts
    world.counts.update(out.counts)
    world.refused += len(out.refused)


_KEYS = st.sampled_from([BOL, BOL, BOL, Reference("po", "P9")])
_NUMBERS = st.sampled_from(["N1", "N2"])
_MINUTES = st.sampled_from([0, 5, 5 * DAYS])
_CARRIERS = st.sampled_from(["north", "north", "south"])
_OF_LINES = st.sampled_from(["north", ""])
_TURNS = st.sampled_from([0, 0, 1])
_SOURCES = st.sampled_from([SOURCE, AGGREGATOR])


@st.composite
def said(draw: st.DrawFn) -> IdentityInput:
    """An event, a word or a line, about one of two references, now or days later. One delivery is claimed by both."""
    reference, minutes = draw(_KEYS), draw(_MINUTES)
    kind = draw(st.sampled_from(["event", "event", "word", "word", "line", "person"]))
    named = {"type": reference.type, "value": reference.value}
    if kind == "event":
        carrier = draw(_CARRIERS)
        return unresolved(
            minutes, draw(st.sampled_from([Milestone.PICKED_UP, Milestone.DELIVERED])), references=[reference],
            carrier=carrier, carrier_text=f"{carrier} about {reference.value}",
            source=draw(_SOURCES),
            received_at=DAY_ONE + (minutes + draw(st.integers(0, 2))) * MINUTE, piece=reference.value,
            classifier=Classifier.ACTUAL,
        )
    if kind == "line":
        return line(
            draw(st.sampled_from(["D-2", f"D-{reference.value}"])), minutes,
            carrier=draw(_OF_LINES), customer_id=draw(st.sampled_from(["C-1", "C-2"])),
            withdrawn=draw(st.booleans()), turn=draw(_TURNS), **named,
        )
    said_by = SaidBy.PERSON if kind == "person" else draw(st.sampled_from([SaidBy.EVENT, SaidBy.ORDER]))
    withdrawn = said_by is not SaidBy.EVENT and draw(st.booleans())
    at = DAY_ONE + minutes * MINUTE + draw(st.integers(0, 2))
    turn = draw(_TURNS) if said_by is SaidBy.ORDER else 0
    return word(
        draw(_NUMBERS), said_by, minutes, carrier=draw(_CARRIERS), withdrawn=withdrawn, said_at=at, turn=turn, **named
    )


@st.composite
def disputed(draw: st.DrawFn) -> IdentityInput:
    """Inputs about references while people and orders cannot agree on a shipment: all at about one time, about one
    carrier's shipments, so that what is told is soon taken back and told again."""
    reference, minutes = draw(_KEYS), draw(st.integers(0, 2))
    kind = draw(st.sampled_from(["event", "line", "line", "word", "order", "person", "person"]))
    named = {"type": reference.type, "value": reference.value}
    if kind == "event":
        piece, own_id = draw(st.sampled_from([None, "1"])), draw(st.sampled_from([None, "E-1"]))
        return unresolved(
            minutes, draw(st.sampled_from([Milestone.PICKED_UP, Milestone.DELIVERED, Milestone.POD_RECEIVED])),
            references=[reference], piece=piece, source=draw(_SOURCES), carrier_event_id=own_id,
            received_at=DAY_ONE + (minutes + (1 if own_id is None else 2)) * MINUTE,
            location=Location(city=f"where {reference.value} was read"), carrier_text=f"{reference.value} of {piece}",
        )
    if kind == "line":
        return line(
            "D-2", minutes, customer_id=draw(st.sampled_from(["C-1", "C-2"])), carrier=draw(_OF_LINES), **named
        )
    said_by = {"word": SaidBy.EVENT, "order": SaidBy.ORDER, "person": SaidBy.PERSON}[kind]
    withdrawn = said_by is not SaidBy.EVENT and draw(st.booleans())
    return word(draw(_NUMBERS), said_by, minutes, withdrawn=withdrawn, **named)


def histories() -> st.SearchStrategy[list[IdentityInput]]:
    """Inputs about references, of all sorts or all about few shipments."""
    return st.lists(said(), max_size=12) | st.lists(disputed(), max_size=12)
