"""Project: what the facts mean. ``append`` is the fast path for a plain last event, and equals ``project`` by law
(``tests/streams/shipments/test_laws.py``)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from streams.contracts.link_paths import steps_of
from streams.kernel.vocabulary import LinkKind
from streams.shipments.audiences import KIND_NUMBERS
from streams.shipments.claims.standing import governing, last_claimed_at
from streams.shipments.facts import (
    ID_BYTES,
    Entry,
    Facts,
    entries_of,
    origin_at,
    place_of,
    reports_of,
    sort_key,
    strangers,
)
from streams.shipments.occurrences.matching import source_of
from streams.shipments.occurrences.numbering import Appended, is_voided, kind_of, numbered, sources_and_counts
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
    entries = entries_of(facts)
    view = View(generation)
    view.updated_at = last_claimed_at(facts.claims)
    _claims(facts, view)
    if not entries:
        view.pieces = _pieces(facts)
        return view
    not_of_it = strangers(facts, entries)
    own = {place: entry for place, entry in enumerate(entries) if place not in not_of_it}
    voided = {entry.corrects for entry in entries if entry.disowns}
    voided.update(entry.corrects for entry in own.values() if entry.corrects)
    voided.update(origin_at(facts, place, own[place]) for place in _replaced(own))
    view.voided, view.strangers = b"".join(sorted(voided)), len(not_of_it)
    view.pieces = _pieces(facts)
    for place, entry in enumerate(entries[:first]):
        if place in own:
            apply(view, place, entry, voided=is_voided(facts, view, place, entry))
        else:
            skip(view, entry)
    view.sources, view.counts = sources_and_counts(facts, view, entries)
    return view


def is_plain_last(shipment: Shipment, event_id: bytes, entry: Entry, keeping: Keeping) -> bool:
    """Whether ``append`` may take a new event in: it comes last by event time and by receipt, corrects nothing, is
    corrected by nothing, and concerns no other shipment of the number."""
    view, facts = shipment.view, shipment.facts
    if entry.corrects or view.archived or shipment.ended or may_split(facts, view, entry, keeping.reuse_after):
        return False
    if facts.stub is not None and stub_with_event(facts.stub, event_id, entry, keeping)[0]:
        return False
    if view.voided and place_of(view.voided, entry.origin or event_id) >= 0:
        return False
    if not facts.history:
        return True
    if entry.received_at < (view.last_received_at or 0):
        return False
    if sort_key(event_id, entry) < (view.last_at, view.last_rank, facts.seen[-ID_BYTES:]):
        return False
    return not entry.own or all(other.own != entry.own for other in entries_of(facts))


def append(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> Appended:
    """Take in a plain last event. ``shipment``: the caller's own, which is changed; ``data``: the encoded ``entry``."""
    facts, view = shipment.facts, shipment.view
    place = len(facts.history)
    facts.history.append(data)
    facts.seen += event_id
    apply(view, place, entry, voided=False)
    kind = kind_of(entry)
    if kind is None:
        return Appended(place, 0, place)
    reports, known = reports_of(entry), view.counts.get(KIND_NUMBERS[kind], 0)
    if len(reports) > 1 or view.sources != (source_of(reports[0]),):
        view.sources = tuple(sorted({*view.sources, *map(source_of, reports)}))
    count, teller = known + 1, place
    if len(view.sources) > 1:
        number_of = numbered(facts, view, entries_of(facts), entry)
        count = len(number_of)
        if place not in number_of:
            teller = next(at for at, number in number_of.items() if number == count)
    if count == known:
        return Appended(place, 0, place)
    view.counts = _with_count(view.counts, KIND_NUMBERS[kind], count)
    return Appended(place, count, teller)


def _with_count(counts: dict[int, int], number: int, count: int) -> dict[int, int]:
    """The counts with another one, by number."""
    changed = {**counts, number: count}
    return changed if number in counts or not counts or number > max(counts) else dict(sorted(changed.items()))


def _claims(facts: Facts, view: View) -> None:
    standing: list[int] = []
    given_up: list[int] = []
    for place, version in governing(facts.claims):
        (given_up if version.withdrawn else standing).append(place)
    view.standing, view.given_up = tuple(standing), tuple(given_up)


def _pieces(facts: Facts) -> tuple[Piece, ...]:
    return tuple(Piece(child.key) for child in facts.children if child.kind is LinkKind.PIECE)


def _replaced(entries: Mapping[int, Entry]) -> list[int]:
    """Places of the events whose carrier sent them again, under the same number, later, with other facts."""
    newest: dict[tuple[int, str], int] = {}
    owners = {
        place: (entry.own, steps_of(entry.routes[0])[0] if entry.routes else "")
        for place, entry in entries.items() if entry.own
    }
    for place, owner in owners.items():
        newest[owner] = max(entries[place].received_at, newest.get(owner, 0))
    return [place for place, owner in owners.items() if entries[place].received_at < newest[owner]]
