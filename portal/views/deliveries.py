"""A delivery of the ERP for readers: its shipments with their pieces and facts, what its gate holds back, and where its
postings are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from connectors.read_store.reader import ReadStore, ToldPosting
from streams.contracts.model import FulfilmentState, OutboundOutcome, StandingFact
from streams.fulfilment.shipments import Shipment, shipments_of
from streams.kernel.vocabulary import Correction, PostingKind
from streams.read_model.project import key_of

_CONFIRMATION = PostingKind.DELIVERY_CONFIRMATION


class Confirmation(StrEnum):
    """Where the confirmation of a shipment is: nothing is delivered, the gate holds it back, or it is posted."""

    NONE = "none"
    HELD = "held"
    POSTED = "posted"


class GateState(StrEnum):
    """Whether the gate of a delivery holds a confirmation back; idle: nothing is delivered that it could let go."""

    IDLE = "idle"
    SHUT = "shut"
    OPEN = "open"


class FactView(NamedTuple):
    """A fact that stands, by the report of it that came first."""

    told: StandingFact
    held: bool


class PieceView(NamedTuple):
    """A piece that reports name. ``delivered_at``: UTC ms; None: it was not."""

    name: str
    delivered_at: int | None


class ShipmentView(NamedTuple):
    """A shipment of the delivery. ``key``: CARRIER:REFERENCE; empty where only the warehouse named it. ``short_at``:
    when its carrier said that pieces are short, UTC ms; None: it did not."""

    key: str
    carrier: str
    tracking_number: str
    number_use: int
    whereabouts: str
    delivered_at: int | None
    confirmation: Confirmation
    short_at: int | None
    pieces: Sequence[PieceView]
    facts: Sequence[FactView]


class DeliveryView(NamedTuple):
    """A delivery as readers see it."""

    state: FulfilmentState
    gate: GateState
    held: int
    shipments: Sequence[ShipmentView]


def view_of(state: FulfilmentState) -> DeliveryView:
    """The delivery with what follows from its record."""
    held = {one.fact for one in state.facts if one.held}
    shipments = [_shipment(one, held) for one in shipments_of(state.standing, state.expected, state.short)]
    confirmations = {one.confirmation for one in shipments} - {Confirmation.NONE}
    gate = GateState.IDLE
    if confirmations:
        gate = GateState.SHUT if Confirmation.HELD in confirmations else GateState.OPEN
    return DeliveryView(state, gate, sum(one.confirmation is Confirmation.HELD for one in shipments), shipments)


def outcomes_of(store: ReadStore, told: Iterable[ToldPosting]) -> Mapping[str, Sequence[OutboundOutcome]]:
    """Where postings are at each ERP, by their ids; of a reversal, where the taking back is."""
    postings = [one.posting for one in told]
    about: dict[tuple[str, bool], list[OutboundOutcome]] = {}
    for outcome in store.posting_outcomes(one.reverses or one.posting_id for one in postings):
        about.setdefault((outcome.source_id, outcome.correction is Correction.RETRACTS), []).append(outcome)
    return {
        one.posting_id: about.get((one.reverses or one.posting_id, one.reverses is not None), []) for one in postings
    }


def _shipment(one: Shipment, held: set[str]) -> ShipmentView:
    carrier, number, life = one.number
    first: dict[str, StandingFact] = {}
    for fact in sorted(one.facts, key=lambda fact: (fact.occurred_at, fact.milestone_id, fact.event_id)):
        first.setdefault(fact.fact, fact)
    delivered = {fact.piece: fact.occurred_at for fact in one.of(_CONFIRMATION)}
    names = sorted({fact.piece for fact in one.facts if fact.piece is not None})
    return ShipmentView(
        key_of(carrier, number) if carrier else "", carrier, number, life, one.whereabouts.name.lower(),
        one.delivered_at, _confirmation(one, held), one.short_at,
        [PieceView(name, delivered.get(name, delivered.get(None))) for name in names],
        [FactView(fact, fact.fact in held) for fact in first.values()],
    )


def _confirmation(one: Shipment, held: set[str]) -> Confirmation:
    facts = {fact.fact for fact in one.of(_CONFIRMATION)}
    if not facts:
        return Confirmation.NONE
    return Confirmation.HELD if facts & held else Confirmation.POSTED
