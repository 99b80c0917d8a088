"""The shipments step: carrier events and order references in, the shipment's truth and its fan-out out.

Reads ``carrier.events`` and ``order.references``; writes ``shipment.events``, ``customer.updates``,
``delivery.milestones``, ``alert.signals`` and, as its state, ``shipment.state``.

The final state and the set of output ids depend on the *set* of inputs alone, not on their order, their
repetition or how they were cut into chunks. Where the same event id comes with other contents, the
sighting received first is kept (equal receipt: the smaller record), so that holds for the state there too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from msgspec import Struct, field
from msgspec.structs import replace

from streams.deadlines import FOR_EVER, Patience, renewed, settle
from streams.errors import Reject
from streams.facts import TELLING, TOLD_AS
from streams.fanout import (
    alerts_between,
    milestones_held_for,
    milestones_of,
    updates_held_for,
    updates_of,
)
from streams.identity import shipment_key
from streams.model import (
    AlertSignal,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    OrderLink,
    OrderReference,
    Sighting,
)
from streams.punctuality import Risk, alerts_about, risk
from streams.renewing import after_a_claim
from streams.sameness import source_of
from streams.shipment import (
    ID_BYTES,
    Entry,
    OpenException,
    Shipment,
    Withdrawal,
    decode_entry,
    decode_receipt,
    encode,
    entry_of,
    place_of,
    rank_of,
    source_of_event,
)
from streams.status import fold, id_at, insert, is_voided, remove
from streams.telling import Telling, count_in
from streams.vocabulary import Classifier, Correction, RejectReason

MOST_ENTRY_BYTES = 4 * 1024
MOST_HISTORY_BYTES = 400 * 1024
MOST_ORDERS = 500
"""What one shipment's record holds at most: some 5,000 events. A number with more is no shipment's (``N/A``,
``00000``), and a record larger than brokers take would stop the stage. Here alone does it matter what came first."""
_MANY = MOST_HISTORY_BYTES // MOST_ENTRY_BYTES

_ACTUAL = Classifier.ACTUAL
_NEW = Correction.NEW


class Received(Struct, frozen=True, gc=False):
    """A carrier event and its Avro body as it arrived, which goes out again as it is."""

    event: CarrierEvent | Sighting
    encoded: bytes


class Advance(Struct):
    """What one chunk brought about. ``events``: message key and event; ``states``: changed ones only.

    ``relinked``: keys of shipments whose orders changed. ``refused``: place in the chunk and why.
    ``counts``: every event is one of accepted, duplicates and refused; an accepted one matched or unmatched, and
    maybe late, or merged (another source told of the same occurrence); every reference is one of linked, relinked
    (the order changed), withdrawn (it was cancelled) and links_repeated, or refused.
    """

    events: list[tuple[str, EnrichedEvent]] = field(default_factory=list)
    customer_updates: list[CustomerUpdate] = field(default_factory=list)
    delivery_milestones: list[DeliveryMilestone] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)
    states: dict[str, Shipment] = field(default_factory=dict)
    refused: list[tuple[int, Reject]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    relinked: set[str] = field(default_factory=set)


def advance(
    chunk: Sequence[Received | OrderReference], states: Mapping[str, Shipment | None], patience: Patience = FOR_EVER
) -> Advance:
    """Take a chunk in, in its order. ``states``: "CARRIER:REFERENCE" -> what is stored; left unchanged.

    ``patience``: what alerts the clock may have raised hold no more is told by it.
    """
    out = Advance()
    counts = dict.fromkeys(
        ("accepted", "duplicates", "refused", "matched", "unmatched", "late", "merged",
         "linked", "relinked", "withdrawn", "links_repeated"),
        0,
    )  # fmt: skip
    for place, item in enumerate(chunk):
        try:
            if isinstance(item, Received):
                _take_event(item, states, out, counts)
            else:
                _take_reference(item, states, out, counts)
        except Reject as reject:
            out.refused.append((place, reject))
            counts["refused"] += 1
    for key, shipment in out.states.items():
        if shipment.raised:
            out.alerts.extend(settle(shipment, patience))
        if key in out.relinked:
            out.alerts.extend(renewed(shipment))
    out.counts = {name: count for name, count in counts.items() if count}
    return out


def _take_event(
    received: Received, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int]
) -> None:
    event = received.event
    event_id = _checked_id(event)
    key = _key_of(event.carrier, event.tracking_number)
    stored = out.states.get(key) or states.get(key)
    if stored is not None:
        place = place_of(stored.seen, event_id)
        if place >= 0:
            counts["duplicates"] += 1
            if event.received_at <= decode_receipt(stored.history[place]).received_at or (
                stored.sources and stored.sources != (source_of_event(event),)
            ):
                _see_again(key, stored, place, event, event_id, out)
            return
    entry = _entry(event, event_id)
    data = encode(entry)
    if len(data) > MOST_ENTRY_BYTES or (stored is not None and len(stored.history) >= _MANY):
        _check_room(key, stored, data)
    shipment = _own(key, event.carrier, event.tracking_number, stored, out)
    before, risky, known = shipment.open, risk(shipment), shipment.facts
    place = _add(shipment, event_id, entry, data)
    late = place < len(shipment.history) - 1
    orders = shipment.orders
    telling = count_in(shipment, place, entry)
    same_as = None if telling.same_as < 0 else id_at(shipment, telling.same_as).hex()
    enriched = EnrichedEvent(received.encoded, shipment.standing, late, bool(orders), orders, same_as)
    out.events.append((key, enriched))
    counts["accepted"] += 1
    counts["merged"] += same_as is not None
    counts["matched" if orders else "unmatched"] += 1
    if late:
        counts["late"] += 1
    if orders:
        if telling.number:
            _tell(shipment, telling, place, entry, out)
        out.delivery_milestones.extend(milestones_of(shipment, place, entry, known, telling.number))
    _alert(shipment, before, risky, out)


def _tell(shipment: Shipment, telling: Telling, place: int, entry: Entry, out: Advance) -> None:
    """The customers' updates about an occurrence just become known; ``entry`` is the event at ``place``."""
    if telling.place != place:
        entry = decode_entry(shipment.history[telling.place])
    out.customer_updates.extend(updates_of(shipment, telling.place, entry, telling.number))


def _check_room(key: str, stored: Shipment | None, data: bytes) -> None:
    """Refuse what a shipment's record has no room for. Raises Reject."""
    if len(data) > MOST_ENTRY_BYTES:
        raise Reject(RejectReason.TOO_LARGE, f"{len(data)} bytes to tell of an event; {MOST_ENTRY_BYTES} are taken")
    if stored is not None and sum(map(len, stored.history)) + len(data) > MOST_HISTORY_BYTES:
        raise Reject(
            RejectReason.TOO_LARGE, f"{key} holds {len(stored.history)} events and no more: is it a placeholder?"
        )


def _add(shipment: Shipment, event_id: bytes, entry: Entry, data: bytes) -> int:
    """Put a new event into the history and its consequences into the shipment; its place."""
    key = (entry.at, rank_of(entry), event_id)
    last = (shipment.last_at, shipment.last_rank, shipment.seen[-ID_BYTES:])
    if entry.corrects or (shipment.history and (entry.own or key < last)):
        return insert(shipment, event_id, entry, data)
    place = len(shipment.history)
    shipment.history.append(data)
    shipment.seen += event_id
    fold(shipment, place, entry, voided=is_voided(shipment, event_id))
    return place


def _see_again(
    key: str, stored: Shipment, place: int, event: CarrierEvent | Sighting, event_id: bytes, out: Advance
) -> None:
    """Keep the sighting received first, so that replays in another order end in the same record, with all the sources
    that told of it."""
    kept, entry = decode_entry(stored.history[place]), _entry(event, event_id)
    best = min((entry, kept), key=lambda one: (one.received_at, encode(_with_reports(one, ()))))
    again = _with_reports(best, _all_reports(kept, entry))
    data = encode(again)
    if data == stored.history[place] or len(data) > MOST_ENTRY_BYTES:
        return
    shipment = _own(key, event.carrier, event.tracking_number, stored, out)
    before, risky, known = shipment.open, risk(shipment), shipment.facts
    remove(shipment, place)
    place = insert(shipment, event_id, again, data)
    source = source_of_event(event)
    is_another = again.story is not None and source not in map(source_of, _reports(kept))
    telling = count_in(shipment, place, again, source) if is_another else Telling(0, place)
    if shipment.orders:
        if telling.number:
            _tell(shipment, telling, place, again, out)
        if shipment.facts & ~known or telling.number:
            out.delivery_milestones.extend(milestones_of(shipment, place, again, known, telling.number))
    _alert(shipment, before, risky, out)


def _reports(entry: Entry) -> tuple[int, ...]:
    return () if entry.story is None else entry.story.reports


def _all_reports(one: Entry, other: Entry) -> tuple[int, ...]:
    """The reports of both, each source's once."""
    by_source: dict[int, int] = {}
    for report in sorted({*_reports(one), *_reports(other)}):
        by_source.setdefault(source_of(report), report)
    return tuple(by_source.values())


def _with_reports(entry: Entry, reports: tuple[int, ...]) -> Entry:
    return entry if entry.story is None else replace(entry, story=replace(entry.story, reports=reports))


def _take_reference(
    reference: OrderReference, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int]
) -> None:
    key = _key_of(reference.carrier, reference.tracking_number)
    stored = out.states.get(key) or states.get(key) or Shipment(reference.carrier, reference.tracking_number)
    claim = (reference.order_id, reference.delivery_id)
    others = [order for order in stored.orders if (order.order_id, order.delivery_id) != claim]
    given_up = [one for one in stored.withdrawn if (one.order_id, one.delivery_id) != claim]
    if len(others) + len(given_up) >= MOST_ORDERS:
        raise Reject(
            RejectReason.TOO_LARGE,
            f"{len(others) + len(given_up)} orders claim {key} and no more: is it a placeholder?",
        )
    age = _age_of_claim(claim, stored)
    if age is not None and _age(reference) <= age:
        counts["links_repeated"] += 1
        return
    counts["withdrawn" if reference.withdrawn else "linked" if age is None else "relinked"] += 1
    shipment = _own(key, reference.carrier, reference.tracking_number, stored, out)
    is_new, risky = len(others) == len(shipment.orders), risk(shipment)
    _set_claim(shipment, reference)
    out.relinked.add(key)
    out.alerts.extend(after_a_claim(shipment, risky))
    if reference.withdrawn or not is_new:
        return
    link = _link(reference)
    if all(order.order_id != link.order_id for order in others):
        out.customer_updates.extend(updates_held_for(shipment, link))
    if all(order.delivery_id != link.delivery_id for order in others):
        out.delivery_milestones.extend(milestones_held_for(shipment, link))


def _link(reference: OrderReference) -> OrderLink:
    return OrderLink(
        reference.order_id, reference.delivery_id, reference.customer_id, reference.promised_delivery_at,
        reference.order_value, reference.currency,
    )


Terms = tuple[str, int, float, str]
Age = tuple[int, bool, Terms]
_NO_TERMS: Terms = ("", -1, -1.0, "")


def _age(reference: OrderReference) -> Age:
    """What makes one word of a claim newer than another; of equal time, always the same wins."""
    if reference.withdrawn:
        return reference.updated_at, True, _NO_TERMS
    return reference.updated_at, False, _terms(_link(reference))


def _terms(link: OrderLink) -> Terms:
    promise, value = link.promised_delivery_at, link.order_value
    return (
        link.customer_id, -1 if promise is None else promise, -1.0 if value is None else value, link.currency or ""
    )


def _age_of_claim(claim: tuple[str, str], stored: Shipment) -> Age | None:
    """The newest word of the claim there is; None for a new one."""
    for known, time in zip(stored.orders, stored.link_times, strict=True):
        if (known.order_id, known.delivery_id) == claim:
            return time, False, _terms(known)
    for one in stored.withdrawn:
        if (one.order_id, one.delivery_id) == claim:
            return one.at, True, _NO_TERMS
    return None


def _set_claim(shipment: Shipment, reference: OrderReference) -> None:
    claim = (reference.order_id, reference.delivery_id)
    if not (shipment.orders or shipment.withdrawn or reference.withdrawn):
        shipment.orders, shipment.link_times = [_link(reference)], [reference.updated_at]
        shipment.updated_at = max(shipment.updated_at, reference.updated_at)
        return
    links = {
        (order.order_id, order.delivery_id): (order, time)
        for order, time in zip(shipment.orders, shipment.link_times, strict=True)
    }
    given_up = {(one.order_id, one.delivery_id): one for one in shipment.withdrawn}
    links.pop(claim, None)
    given_up.pop(claim, None)
    if reference.withdrawn:
        given_up[claim] = Withdrawal(*claim, reference.updated_at)
    else:
        links[claim] = _link(reference), reference.updated_at
    shipment.orders = [links[one][0] for one in sorted(links)]
    shipment.link_times = [links[one][1] for one in sorted(links)]
    shipment.withdrawn = tuple(given_up[one] for one in sorted(given_up))
    shipment.updated_at = max(shipment.updated_at, reference.updated_at)


def _own(key: str, carrier: str, tracking_number: str, stored: Shipment | None, out: Advance) -> Shipment:
    """The chunk's own copy of the shipment, to be changed at will."""
    own = out.states.get(key)
    if own is None:
        own = Shipment(carrier, tracking_number) if stored is None else copy(stored)
        own.history = own.history.copy()
        out.states[key] = own
    return own


def _alert(shipment: Shipment, before: list[OpenException], risky: Risk | None, out: Advance) -> None:
    if shipment.open is not before and shipment.open != before:
        out.alerts.extend(alerts_between(shipment, before))
    if risky is not None or (shipment.estimated_delivery_at is not None and shipment.orders):
        out.alerts.extend(alerts_about(shipment, risky))


def _entry(event: CarrierEvent | Sighting, event_id: bytes) -> Entry:
    what = (event.milestone, event.exception, event.classifier is _ACTUAL)
    return entry_of(event, event_id, telling=what in TELLING, news=what in TOLD_AS)


def _checked_id(event: CarrierEvent | Sighting) -> bytes:
    if event.correction is not _NEW:
        if event.corrects is None:
            raise Reject(RejectReason.CONTRACT_BROKEN, "a correction that names no event", "corrects")
        _id_bytes(event.corrects, "corrects")
    return _id_bytes(event.event_id, "event_id")


def _key_of(carrier: str, tracking_number: str) -> str:
    if not carrier or not tracking_number:
        raise Reject(RejectReason.NO_REFERENCE, "no carrier or no tracking number", "tracking_number")
    return shipment_key(carrier, tracking_number)


def _id_bytes(event_id: str, path: str) -> bytes:
    try:
        raw = bytes.fromhex(event_id)
    except ValueError:
        raw = b""
    if len(raw) != ID_BYTES or raw.hex() != event_id:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{event_id[:64]!r} is no id: 32 hex digits are due", path)
    return raw
