"""Taking an event into a shipment's history, its own or a part's, and all that follows from it at once."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import (
    Adoption,
    AlertSignal,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    OrderReference,
)
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.shipments.claims.standing import age_of_word, words_in
from streams.shipments.linked.propagation import events_for, is_mute, standing
from streams.shipments.notifications.numbering import Telling, count_in, recount
from streams.shipments.notifications.occurrences import source_of
from streams.shipments.notifications.outputs import alerts_between, because, differences, milestones_of, updates_of
from streams.shipments.record import ID_BYTES, Entry, OpenException, Shipment, decode_entry, encode, place_of, rank_of
from streams.shipments.status_machine import facts_of, fold, insert, is_voided, remove
from streams.shipments.timers.punctuality import Risk, alerts_about, risk

MOST_ENTRY_BYTES = 4 * 1024
MOST_HISTORY_BYTES = 400 * 1024
"""What one shipment's record holds at most: some 5,000 events. A number with more is no shipment's (``N/A``,
``00000``), and a record larger than brokers take would stop the stage. Here alone does it matter what came first."""
MOST_ORDERS = 500
"""Words of orders' claims on one shipment: as a rule one an order."""
_MANY = MOST_HISTORY_BYTES // MOST_ENTRY_BYTES
_NOTHING_OPEN: list[OpenException] = []


class Advance(Struct):
    """What one chunk brought about. ``events``: message key and event; ``states``: changed ones only.

    ``relinked``: keys of shipments whose orders changed.
    ``refused``: place in the chunk and why. ``counts``: every event is one of accepted, duplicates and
    refused; an accepted one matched or unmatched, and maybe late, or merged (another source told of the same
    occurrence), or past or held (``reuse/after_archive.py``); every reference is one of linked, relinked (the claim
    changed), withdrawn (it stands no more), links_repeated (it stands, or does not, as before) and links_past, or
    refused; every link is one of joined, parted and joins_repeated; every adoption of adopted, disowned,
    adoptions_repeated and adoptions_past. ``archived``: shipments that ended before another began under their number,
    as they are now.
    """

    events: list[tuple[str, EnrichedEvent]] = field(default_factory=list)
    customer_updates: list[CustomerUpdate] = field(default_factory=list)
    delivery_milestones: list[DeliveryMilestone] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    adoptions: list[Adoption] = field(default_factory=list)
    states: dict[str, Shipment] = field(default_factory=dict)
    archived: list[Shipment] = field(default_factory=list)
    refused: list[tuple[int, Reject]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    relinked: set[str] = field(default_factory=set)


class Concern(Struct, frozen=True):
    """What alerts say of a shipment at one moment."""

    open: list[OpenException]
    risk: Risk | None


def concern(shipment: Shipment) -> Concern:
    """What alerts say of it; nothing where its whole speaks for it."""
    if shipment.wholes and is_mute(shipment):
        return Concern(_NOTHING_OPEN, None)
    return Concern(shipment.open, risk(shipment))


def alert(shipment: Shipment, before: Concern, out: Advance) -> None:
    """The alerts raised, renewed and resolved since ``before``."""
    if (
        shipment.open is before.open and before.risk is None and shipment.estimated_delivery_at is None
        and not shipment.wholes
    ):
        return
    now = concern(shipment)
    if now.open is not before.open and now.open != before.open:
        out.alerts.extend(alerts_between(shipment, before.open, now.open))
    if now.risk is not None or before.risk is not None:
        out.alerts.extend(alerts_about(shipment, before.risk, now.risk))


def known_key(carrier: str, tracking_number: str) -> str:
    """``CARRIER:REFERENCE``. Raises Reject where either is missing."""
    if not carrier or not tracking_number:
        raise Reject(RejectReason.NO_REFERENCE, "no carrier or no tracking number", "tracking_number")
    return shipment_key(carrier, tracking_number)


def stored_in(out: Advance, states: Mapping[str, Shipment | None], key: str) -> Shipment | None:
    """The shipment as it stands within the chunk."""
    return out.states.get(key) or states.get(key)


def own(key: str, carrier: str, tracking_number: str, stored: Shipment | None, out: Advance) -> Shipment:
    """The chunk's own copy of the shipment, to be changed at will."""
    mine = out.states.get(key)
    if mine is None:
        mine = Shipment(carrier, tracking_number) if stored is None else copy(stored)
        mine.history = mine.history.copy()
        out.states[key] = mine
    return mine


class Accepted(Struct, frozen=True, gc=False):
    """Where in the history an event went, and another source's event of the same occurrence (-1 without one)."""

    place: int
    same_as: int


def accept(
    shipment: Shipment, event_id: bytes, entry: Entry, data: bytes, out: Advance, because_of: str | None = None
) -> Accepted:
    """Take a new event in and tell of it. ``shipment``: the chunk's own copy; ``data``: the encoded ``entry``;
    ``because_of``: the word a part's event comes by, which may have come by another before."""
    before, known = concern(shipment), facts_of(shipment, entry.piece)
    was = as_it_is(shipment) if entry.corrects or entry.own else None
    place = _add(shipment, event_id, entry, data)
    telling = Telling(0, place)
    if was is not None and shipment.voided != was.voided:
        put_right(shipment, was, out, because_of or event_id.hex())
    elif not is_voided(shipment, place, entry):
        telling = count_in(shipment, place, entry)
        if shipment.orders:
            if telling.number:
                _tell(shipment, telling, place, entry, out)
            milestones = milestones_of(shipment, place, entry, known, telling.number)
            out.delivery_milestones.extend(because(milestones, because_of))
    alert(shipment, before, out)
    if shipment.wholes:
        _go_on(shipment, event_id, entry, out)
    return Accepted(place, telling.same_as)


def improved(kept: Entry, other: Entry) -> Entry:
    """Of two sightings of one event the one received first, so that replays in another order end in the same record,
    with all the sources that told of it and all the ways it came."""
    best = min((other, kept), key=lambda one: (one.received_at, encode(_bare(one))))
    paths = kept.paths if kept.paths == other.paths else tuple(sorted({*kept.paths, *other.paths}))
    best = _with_reports(best, _all_reports(kept, other))
    return best if best.paths == paths else replace(best, paths=paths)


def improve(
    shipment: Shipment, place: int, event_id: bytes, kept: Entry, again: Entry, data: bytes, out: Advance,
    because_of: str | None = None,
) -> None:
    """Put the better sighting in the place of the one ``kept``, and tell what a further source makes known.
    ``because_of``: as of :func:`accept`."""
    before, known = concern(shipment), facts_of(shipment, again.piece)
    was = as_it_is(shipment)
    word = digest("sighting", event_id.hex(), data.hex(), *([] if because_of is None else [because_of]))
    remove(shipment, place)
    place = insert(shipment, event_id, again, data)
    more = {source_of(report) for report in _reports(again)} - {source_of(report) for report in _reports(kept)}
    if shipment.voided != was.voided:
        put_right(shipment, was, out, word)
        known, more = facts_of(shipment, again.piece), set()
    elif is_voided(shipment, place, again):
        more = set()
    telling = count_in(shipment, place, again, min(more)) if more else Telling(0, place)
    if shipment.orders:
        if telling.number:
            _tell(shipment, telling, place, again, out)
        if facts_of(shipment, again.piece) & ~known or telling.number:
            milestones = milestones_of(shipment, place, again, known, telling.number)
            out.delivery_milestones.extend(because(milestones, word))
    alert(shipment, before, out)
    if shipment.wholes:
        _go_on(shipment, event_id, again, out)


def as_it_is(shipment: Shipment) -> Shipment:
    """The shipment, to be kept while it is changed."""
    kept = copy(shipment)
    kept.history = shipment.history.copy()
    return kept


def put_right(shipment: Shipment, was: Shipment, out: Advance, because_of: str) -> None:
    """Count again, and tell what has changed by events that were taken out, or let in again; ``was``: as it was."""
    recount(shipment)
    if shipment.orders:
        updates, milestones = differences(was, shipment, because_of)
        out.customer_updates.extend(updates)
        out.delivery_milestones.extend(milestones)


def check_room(key: str, stored: Shipment | None, data: bytes) -> None:
    """Refuse what a shipment's record has no room for. Raises Reject."""
    if len(data) > MOST_ENTRY_BYTES:
        raise Reject(RejectReason.TOO_LARGE, f"{len(data)} bytes to tell of an event; {MOST_ENTRY_BYTES} are taken")
    if stored is None or len(stored.history) < _MANY:
        return
    if sum(map(len, stored.history)) + len(data) > MOST_HISTORY_BYTES:
        raise Reject(
            RejectReason.TOO_LARGE, f"{key} holds {len(stored.history)} events and no more: is it a placeholder?"
        )


def check_room_for_claim(key: str, stored: Shipment, reference: OrderReference) -> None:
    """Refuse another word of orders' claims where a shipment's record has no room for it. Raises Reject."""
    claim = (reference.order_id, reference.delivery_id)
    if age_of_word(claim, reference.by, stored) is None and (words := words_in(stored)) >= MOST_ORDERS:
        raise Reject(
            RejectReason.TOO_LARGE, f"orders claim {key} by {words} words and no more: is it a placeholder?"
        )


def _add(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> int:
    """Put a new event into the history and its consequences into the shipment; its place."""
    key = (entry.at, rank_of(entry), event_id)
    last = (shipment.last_at, shipment.last_rank, shipment.seen[-ID_BYTES:])
    is_voided = shipment.voided and place_of(shipment.voided, entry.origin or event_id) >= 0
    if entry.corrects or is_voided or (shipment.history and (entry.own or key < last)):
        return insert(shipment, event_id, entry, data)
    place = len(shipment.history)
    shipment.history.append(data)
    shipment.seen += event_id
    fold(shipment, place, entry, voided=False)
    return place


def _tell(shipment: Shipment, telling: Telling, place: int, entry: Entry, out: Advance) -> None:
    """The customers' updates about an occurrence just become known; ``entry`` is the event at ``place``."""
    if telling.place != place:
        entry = decode_entry(shipment.history[telling.place])
    out.customer_updates.extend(updates_of(shipment, telling.place, entry, telling.number))


def _go_on(shipment: Shipment, event_id: bytes, entry: Entry, out: Advance) -> None:
    """Hand an event on to the shipments this one is a part of."""
    for whole in standing(shipment):
        out.adoptions.extend(events_for(shipment, whole, event_id.hex(), entry))


def _reports(entry: Entry) -> tuple[int, ...]:
    return () if entry.story is None else entry.story.reports


def _all_reports(one: Entry, other: Entry) -> tuple[int, ...]:
    """The reports of both, each source's once."""
    by_source: dict[int, int] = {}
    for report in sorted({*_reports(one), *_reports(other)}):
        by_source.setdefault(source_of(report), report)
    return tuple(by_source.values())


def _with_reports(entry: Entry, reports: tuple[int, ...]) -> Entry:
    if entry.story is None or entry.story.reports == reports:
        return entry
    return replace(entry, story=replace(entry.story, reports=reports))


def _bare(entry: Entry) -> Entry:
    """The entry without what is put together from all sightings."""
    return replace(_with_reports(entry, ()), paths=())
