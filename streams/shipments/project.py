"""Project: what the facts mean. ``insert`` is the fast path for a plain event, and equals ``project`` by law
(``tests/streams/shipments/test_project.py``)."""

from __future__ import annotations

from collections.abc import Container, Sequence

from msgspec.structs import replace

from streams.contracts.link_paths import steps_of
from streams.kernel.vocabulary import LinkKind, Milestone
from streams.shipments.audiences import KIND_NUMBERS
from streams.shipments.claims.standing import governing, last_claimed_at
from streams.shipments.deliveries import as_they_are, held_back, settle, touches_deliveries
from streams.shipments.facts import (
    ID_BYTES,
    Entry,
    Facts,
    entries_of,
    origin_at,
    place_for,
    place_of,
    reports_of,
    sort_key,
    strangers,
)
from streams.shipments.meanings import meant_entries
from streams.shipments.occurrences.matching import source_of
from streams.shipments.occurrences.numbering import (
    ONCE,
    Inserted,
    is_voided,
    kind_of,
    news_of_kind,
    places_by,
    sources_and_counts,
    tellers,
)
from streams.shipments.record import Piece, Shipment, View
from streams.shipments.reuse.archive import Keeping, last_input_at, stub_with_event
from streams.shipments.reuse.split import has_begun, may_split, split, united
from streams.shipments.status_machine import apply, skip


def project(facts: Facts, keeping: Keeping, known: Shipment | None = None) -> list[Shipment]:
    """The shipments that the facts are about, the one that goes on last; what the clock raised is left to the caller.
    Under an archived shipment, until another begins, there is only that, with what is held. ``known``: projected
    before; where its history is the same, it is not folded again."""
    stub = facts.stub
    if stub is not None and not has_begun(facts):
        return [Shipment(facts, View(stub.generations, archived=True, updated_at=last_input_at(facts)))]
    first = 1 if stub is None else stub.generations + 1
    parts = split(facts, keeping.reuse_after, view_of)
    if known is not None and len(parts) == 1 and not (known.ended or known.view.archived) and (
        known.facts.seen == facts.seen and known.facts.history == facts.history
        and known.facts.children == facts.children
    ):
        view = replace(known.view)
        view.generation, view.updated_at = first, max(view.last_received_at or 0, last_claimed_at(facts.claims))
        _claims(facts, view)
        return [Shipment(facts, view)]
    return [Shipment(part, view_of(part, generation=first + place)) for place, part in enumerate(parts)]


def all_facts(shipment: Shipment) -> Facts:
    """All facts under its number."""
    return united(shipment.ended, shipment.facts)


def view_of(facts: Facts, first: int | None = None, generation: int = 1) -> View:
    """The view of one shipment's facts; of no more than the ``first`` events, if that is given."""
    view = View(generation)
    view.updated_at = last_claimed_at(facts.claims)
    _claims(facts, view)
    entries = _fold(facts, view, first)
    view.sources, view.counts = sources_and_counts(facts, view, entries)
    return view


def _fold(facts: Facts, view: View, first: int | None = None) -> list[Entry]:
    """Apply the history, or its ``first`` events, to a new view; the whole history, with what each event is."""
    entries, not_of_it = entries_of(facts), set[int]()
    if any(entry.corrects or entry.disowns or entry.own for entry in entries):
        not_of_it = strangers(facts, entries)
        view.voided, view.strangers = b"".join(sorted(_voided(facts, entries, not_of_it))), len(not_of_it)
    view.pieces = _pieces(facts)
    told = entries if first is None else entries[:first]
    meant = as_they_are(told, lambda place, entry: place not in not_of_it and not is_voided(facts, view, place, entry))
    view.doubtful = tuple(sorted(entry.at for entry in held_back(told, meant)))
    voided = [is_voided(facts, view, place, entry) for place, entry in enumerate(meant)]
    view.piece_count = max((
        entry.piece_count for place, entry in enumerate(meant)
        if not (voided[place] or entry.retracts or place in not_of_it)
    ), default=0)
    for place, entry in enumerate(meant):
        if place in not_of_it:
            skip(view, entry)
        else:
            apply(view, place, entry, voided=voided[place])
    _settle(facts, view, meant)
    return meant


def is_plain(shipment: Shipment, event_id: bytes, entry: Entry, keeping: Keeping) -> bool:
    """Whether ``insert`` may take a new event in: it corrects nothing, is corrected by nothing, and concerns no other
    shipment of the number."""
    view, facts = shipment.view, shipment.facts
    if entry.corrects or entry.disowns or view.archived or shipment.ended:
        return False
    if may_split(facts, view, entry, keeping.reuse_after) or touches_deliveries(view, entry):
        return False
    if facts.stub is not None and stub_with_event(facts.stub, event_id, entry, keeping)[0]:
        return False
    if view.voided and place_of(view.voided, entry.origin or event_id) >= 0:
        return False
    return not entry.own or all(other.own != entry.own for other in entries_of(facts))


def insert(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> Inserted:
    """Take in a plain event. ``shipment``: the caller's own, which is changed; ``data``: the encoded ``entry``."""
    facts, old = shipment.facts, shipment.view
    place = len(facts.history)
    if sort_key(event_id, entry) > (old.last_at, old.last_rank, facts.seen[-ID_BYTES:]):
        facts.history.append(data)
        facts.seen += event_id
        apply(old, place, entry, voided=False)
    else:
        place = place_for(facts, event_id, entry)
        facts.history.insert(place, data)
        facts.seen = facts.seen[: place * ID_BYTES] + event_id + facts.seen[place * ID_BYTES :]
        shipment.view = View(
            old.generation, updated_at=last_claimed_at(facts.claims), sources=old.sources, counts=old.counts,
            standing=old.standing, given_up=old.given_up,
        )
        _fold(facts, shipment.view)
    return _counted(facts, shipment.view, place, entry)


def _counted(facts: Facts, view: View, place: int, entry: Entry) -> Inserted:
    """Count the event among the news."""
    kind = kind_of(entry)
    if kind is None:
        return Inserted(place, 0, place)
    reports, known = reports_of(entry), view.counts.get(KIND_NUMBERS[kind], 0)
    if len(reports) > 1 or view.sources != (source_of(reports[0]),):
        view.sources = tuple(sorted({*view.sources, *map(source_of, reports)}))
    count, teller = known + 1, place
    if len(view.sources) > 1 or (known and entry.milestone in ONCE):
        entries = meant_entries(facts, view)
        told_by = tellers(view.sources, entries, news_of_kind(facts, view, entries, kind))
        count = len(told_by)
        if place not in told_by:
            teller = told_by[-1]
    if count == known:
        return Inserted(place, 0, place)
    counts = {**view.counts, KIND_NUMBERS[kind]: count}
    view.counts = counts if known or max(counts) == KIND_NUMBERS[kind] else dict(sorted(counts.items()))
    return Inserted(place, count, teller)


def _settle(facts: Facts, view: View, meant: Sequence[Entry]) -> None:
    """Settle the view's delivery by the deliveries that count (``deliveries.settle``)."""
    if view.delivered_at is None:
        return
    places = places_by(facts, view, meant, lambda entry: (entry.milestone,), (Milestone.DELIVERED,))
    delivered = [meant[place] for place in places.get(Milestone.DELIVERED, [])]
    settle(view, [entry for entry in delivered if entry.actual and not entry.retracts])


def _claims(facts: Facts, view: View) -> None:
    standing: list[int] = []
    given_up: list[int] = []
    for place, version in governing(facts.claims):
        (given_up if version.withdrawn else standing).append(place)
    view.standing, view.given_up = tuple(standing), tuple(given_up)


def _pieces(facts: Facts) -> tuple[Piece, ...]:
    return tuple(Piece(child.key) for child in facts.children if child.kind is LinkKind.PIECE)


def _voided(facts: Facts, entries: Sequence[Entry], not_of_it: Container[int]) -> set[bytes]:
    """Ids of the events that corrections took out, and of those whose carrier sent them again, under the same number,
    later, with other facts."""
    own = {place: entry for place, entry in enumerate(entries) if place not in not_of_it}
    newest: dict[tuple[int, str], int] = {}
    owners = {
        place: (entry.own, steps_of(entry.routes[0])[0] if entry.routes else "")
        for place, entry in own.items() if entry.own
    }
    for place, owner in owners.items():
        newest[owner] = max(own[place].received_at, newest.get(owner, 0))
    corrected = {
        entry.corrects for place, entry in enumerate(entries) if entry.corrects and (entry.disowns or place in own)
    }
    replaced = {
        origin_at(facts, place, own[place])
        for place, owner in owners.items() if own[place].received_at < newest[owner]
    }
    return corrected | replaced
