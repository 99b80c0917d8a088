"""The shipments step: carrier events, order references and links in, the shipment's truth and what follows from it out.

Reads ``carrier.events``, ``order.references``, ``shipment.links`` and ``shipment.adoptions``; writes
``shipment.events``, ``customer.updates``, ``delivery.milestones``, ``erp.notices``, ``alert.signals``,
``shipment.adoptions`` and, as its state, ``shipment.state``.

Each input is merged into the facts of its number (``merge.py``), the facts are projected (``project.py``), and the
difference between what stood told and what stands told now is sent (``told.py``, ``diff.py``). So the same set of
inputs, in any order, repetition and chunking, ends in the same record and the same last message for each output id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from streams.contracts.claim_order import Age
from streams.contracts.ids import digest
from streams.contracts.model import (
    Adoption,
    CarrierEvent,
    EnrichedEvent,
    OrderReference,
    ShipmentLink,
    Sighting,
)
from streams.kernel.errors import Reject
from streams.kernel.step_result import StepResult
from streams.kernel.vocabulary import Correction, RejectReason
from streams.shipments.chunk import Chunk, Outputs, Taken
from streams.shipments.claims.standing import age_of_claim, claim_of
from streams.shipments.facts import (
    ID_BYTES,
    decode_entry,
    entry_of,
    origin_at,
    place_of,
    reports_of,
    source_of_event,
)
from streams.shipments.linked.step import declare_claims, take_adoption, take_link
from streams.shipments.meanings import meant_entries
from streams.shipments.merge import with_claim
from streams.shipments.occurrences.matching import source_of
from streams.shipments.occurrences.numbering import same_occurrence
from streams.shipments.project import all_facts
from streams.shipments.record import Shipment
from streams.shipments.reuse.archive import ALL, Keeping, stub_with_claim
from streams.shipments.statements import states_anew
from streams.shipments.timers.deadlines import FOR_EVER, Patience, renewed, settle

_NEW = Correction.NEW


class Received(Struct, frozen=True, gc=False):
    """A carrier event and its Avro body as it arrived, which goes out again as it is."""

    event: CarrierEvent | Sighting
    encoded: bytes


Input = Received | OrderReference | ShipmentLink | Adoption
"""An input of the step."""


def step(
    chunk: Sequence[Input], states: Mapping[str, Shipment | None], patience: Patience = FOR_EVER,
    keeping: Keeping = ALL,
) -> StepResult[Outputs, Shipment]:
    """Take a chunk in, in its order. ``states``: "CARRIER:REFERENCE" -> what is stored; left unchanged.

    ``patience``: by it alerts that the clock raised are resolved. ``keeping``: when a number is another shipment's.

    ``counts``: every event is one of accepted, duplicates and refused; an accepted one matched or unmatched, and maybe
    late, or merged (another source reported the same occurrence), or past or held (``reuse/archive.py``); every
    reference is one of linked, relinked (the claim changed), withdrawn (it stands no more), links_repeated (it stands,
    or does not, as before), links_past and refused; every link is one of joined, parted, joins_repeated and refused;
    every adoption of adopted, disowned, adoptions_repeated, adoptions_past and refused.
    """
    progress, refused = Chunk(states, keeping), list[tuple[int, Reject]]()
    for place, item in enumerate(chunk):
        try:
            if isinstance(item, Received):
                _take_event(item, progress)
            elif isinstance(item, OrderReference):
                _take_reference(item, progress)
            elif isinstance(item, ShipmentLink):
                take_link(item, progress)
            else:
                take_adoption(item, progress)
        except Reject as reject:
            refused.append((place, reject))
            progress.counts["refused"] += 1
    out, counts = progress.outputs, progress.counts
    for key, shipment in progress.states.items():
        if shipment.raised:
            out.alerts += settle(shipment, patience)
        if key in progress.reordered:
            out.alerts += renewed(shipment)
    if out.archived:
        counts["archived"] = len(out.archived)
    return StepResult(out, progress.states, refused, counts)


def _take_event(received: Received, chunk: Chunk) -> None:
    event, counts = received.event, chunk.counts
    event_id = _checked_id(event)
    key, before = chunk.get(event.carrier, event.tracking_number)
    if _is_later_sighting(before, event_id, event):
        counts["duplicates"] += 1
        return
    taken = chunk.take_entry(key, before, event_id, entry_of(event, event_id), event.event_id)
    if taken is None or not taken.is_new:
        counts["duplicates"] += 1
        return
    enriched = _enriched(taken, received.encoded)
    chunk.outputs.events.append((key, enriched))
    counts["accepted"] += 1
    counts["matched" if enriched.matched else "unmatched"] += 1
    if enriched.late:
        counts["late"] += 1
    if enriched.same_as is not None:
        counts["merged"] += 1
    if taken.holder is None:
        counts["past"] += 1
    elif taken.holder.view.archived:
        counts["held"] += 1


def _is_later_sighting(shipment: Shipment, event_id: bytes, event: CarrierEvent | Sighting) -> bool:
    """Whether the event is known, and this is a later sighting by a source that reported it already, which states no
    other estimate."""
    place = place_of(shipment.facts.seen, event_id)
    if place < 0:
        return False
    known = decode_entry(shipment.facts.history[place])
    if event.received_at <= known.received_at or states_anew(known, event):
        return False
    reports = reports_of(known)
    return not reports or source_of_event(event) in map(source_of, reports)


def _enriched(taken: Taken, encoded: bytes) -> EnrichedEvent:
    """The event as it enters the history: with the status and the orders of its shipment."""
    shipment, place, last = taken.holder, taken.place, taken.now[-1]
    if shipment is None or shipment.view.archived:
        return EnrichedEvent(encoded, last.status, True, False, [])
    facts, orders, same_as = shipment.facts, shipment.orders, None
    if len(shipment.view.sources) > 1:
        entries = meant_entries(facts, shipment.view)
        other = same_occurrence(facts, shipment.view, entries, place)
        same_as = None if other < 0 else origin_at(facts, other, entries[other]).hex()
    is_late = shipment is not last or place < len(facts.history) - 1
    return EnrichedEvent(encoded, shipment.status, is_late, bool(orders), orders, same_as)


def _take_reference(reference: OrderReference, chunk: Chunk) -> None:
    key, before = chunk.get(reference.carrier, reference.tracking_number)
    facts, claim, counts = all_facts(before), claim_of(reference), chunk.counts
    is_past = facts.stub is not None and stub_with_claim(facts.stub, reference, chunk.keeping)[0]
    merged = with_claim(facts, reference, chunk.keeping)
    if merged is None:
        counts["links_past" if is_past else "links_repeated"] += 1
        return
    stood, stands = age_of_claim(facts.claims, claim), age_of_claim(merged.claims, claim)
    counts["links_past" if is_past else _outcome(stood, stands)] += 1
    now = chunk.change(key, before, merged, _digest_of(reference))[-1]
    if stands != stood:
        chunk.reordered.add(key)
    declare_claims(now, bool(before.view.standing), chunk)


def _outcome(stood: Age | None, stands: Age | None) -> str:
    """The effect of a version on its claim."""
    if stands == stood:
        return "links_repeated"
    if stands is None or stands[1]:
        return "withdrawn"
    return "linked" if stood is None else "relinked"


def _digest_of(reference: OrderReference) -> str:
    """Names a version of a claim."""
    version = (
        reference.by, str(reference.turn), str(reference.updated_at), "withdrawn" if reference.withdrawn else "",
    )
    return digest("claim", reference.order_id, reference.delivery_id, *version)


def _checked_id(event: CarrierEvent | Sighting) -> bytes:
    if event.correction is not _NEW:
        if event.corrects is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a correction that names no event", "corrects")
        _id_bytes(event.corrects, "corrects")
    return _id_bytes(event.event_id, "event_id")


def _id_bytes(event_id: str, path: str) -> bytes:
    try:
        raw = bytes.fromhex(event_id)
    except ValueError:
        raw = b""
    if len(raw) != ID_BYTES or raw.hex() != event_id:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{event_id[:64]!r} is no id: 32 hex digits are due", path)
    return raw
