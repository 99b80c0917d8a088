"""The shipments step: carrier events and order references in, the shipment's truth and its fan-out out.

Reads ``carrier.events``, ``order.references``, ``shipment.links`` and ``shipment.adoptions``; writes
``shipment.events``, ``customer.updates``, ``delivery.milestones``, ``alert.signals``, ``shipment.adoptions`` and, as
its state, ``shipment.state``.

The final state and the set of output ids depend on the *set* of inputs alone, not on their order, their
repetition or how they were cut into chunks. Where the same event id comes with other contents, the
sighting received first is kept (equal receipt: the smaller record), so that holds for the state there too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from streams.contracts.claim_order import link_of
from streams.contracts.model import (
    Adoption,
    CarrierEvent,
    EnrichedEvent,
    OrderLink,
    OrderReference,
    ShipmentLink,
    Sighting,
)
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Correction, RejectReason
from streams.shipments.claims.standing import (
    age_of_claim,
    is_known,
    is_repeat,
    revision_of,
    set_claim,
)
from streams.shipments.facts import TELLING, TOLD_AS
from streams.shipments.history import (
    MOST_ENTRY_BYTES,
    Advance,
    accept,
    alert,
    check_room,
    check_room_for_claim,
    concern,
    improve,
    improved,
    known_key,
    own,
    stored_in,
)
from streams.shipments.linked.step import declare_claims, take_adoption, take_link
from streams.shipments.notifications.alert_refresh import held
from streams.shipments.notifications.outputs import because, milestones_held_for, updates_held_for, withdrawn
from streams.shipments.record import (
    ID_BYTES,
    Entry,
    Shipment,
    decode_entry,
    decode_receipt,
    encode,
    entry_of,
    place_of,
    source_of_event,
)
from streams.shipments.reuse import after_archive, resplit
from streams.shipments.reuse.archive import ALL, Keeping
from streams.shipments.reuse.split import may_divide_by_claim, may_divide_by_event
from streams.shipments.status_machine import origin_at, put, remove
from streams.shipments.timers.deadlines import FOR_EVER, Patience, renewed, settle

_ACTUAL = Classifier.ACTUAL
_NEW = Correction.NEW


class Received(Struct, frozen=True, gc=False):
    """A carrier event and its Avro body as it arrived, which goes out again as it is."""

    event: CarrierEvent | Sighting
    encoded: bytes


Told = Received | OrderReference | ShipmentLink | Adoption
"""What the step takes in."""


def advance(
    chunk: Sequence[Told], states: Mapping[str, Shipment | None], patience: Patience = FOR_EVER, keeping: Keeping = ALL
) -> Advance:
    """Take a chunk in, in its order. ``states``: "CARRIER:REFERENCE" -> what is stored; left unchanged.

    ``patience``: what alerts the clock may have raised hold no more is told by it. ``keeping``: when a number is
    another shipment's.
    """
    out = Advance()
    counts = dict.fromkeys(
        ("accepted", "duplicates", "refused", "matched", "unmatched", "late", "merged", "past", "held",
         "linked", "relinked", "withdrawn", "links_repeated", "links_past", "joined", "parted", "joins_repeated",
         "adopted", "disowned", "adoptions_repeated", "adoptions_past"),
        0,
    )  # fmt: skip
    for place, item in enumerate(chunk):
        try:
            if isinstance(item, Received):
                _take_event(item, states, out, counts, keeping)
            elif isinstance(item, OrderReference):
                _take_reference(item, states, out, counts, keeping)
            elif isinstance(item, ShipmentLink):
                take_link(item, states, out, counts)
            else:
                take_adoption(item, states, out, counts)
        except Reject as reject:
            out.refused.append((place, reject))
            counts["refused"] += 1
    for key, shipment in out.states.items():
        if shipment.raised:
            out.alerts.extend(settle(shipment, patience))
        if key in out.relinked:
            out.alerts.extend(renewed(shipment))
    counts["archived"] = len(out.archived)
    out.counts = {name: count for name, count in counts.items() if count}
    return out


def _take_event(
    received: Received, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int], keeping: Keeping
) -> None:
    event = received.event
    event_id = _checked_id(event)
    key = known_key(event.carrier, event.tracking_number)
    stored = stored_in(out, states, key)
    entry: Entry | None = None
    if stored is not None:
        place = place_of(stored.seen, event_id)
        if place >= 0:
            if event.received_at <= decode_receipt(stored.history[place]).received_at or stored.voided or (
                stored.sources and stored.sources != (source_of_event(event),)
            ):
                entry = _entry(event, event_id)
                if may_divide_by_event(stored, entry, keeping) and resplit.take_event(
                    key, stored, event_id, entry, received.encoded, out, counts, keeping
                ):
                    return
                _see_again(key, stored, place, event_id, entry, out)
            counts["duplicates"] += 1
            return
        entry = _entry(event, event_id)
        if may_divide_by_event(stored, entry, keeping) and resplit.take_event(
            key, stored, event_id, entry, received.encoded, out, counts, keeping
        ):
            return
        if stored.past is not None and after_archive.is_repeat(stored.past, event_id):
            counts["duplicates"] += 1
            return
    entry = entry or _entry(event, event_id)
    data = encode(entry)
    if len(data) > MOST_ENTRY_BYTES or (stored is not None and stored.history):
        check_room(key, stored, data)
    shipment = own(key, event.carrier, event.tracking_number, stored, out)
    turn = after_archive.turn_of_event(shipment, event_id, entry, data, keeping)
    if turn is not None:
        shipment = _turned(key, turn, out)
        if turn.aside:
            out.events.append((key, EnrichedEvent(received.encoded, shipment.standing, True, False, [])))
            for outcome in ("accepted", "unmatched", "late", turn.aside):
                counts[outcome] += 1
            return
    accepted = accept(shipment, event_id, entry, data, out)
    late = accepted.place < len(shipment.history) - 1
    orders = shipment.orders
    same_as = None if accepted.same_as < 0 else _told_under(shipment, accepted.same_as)
    enriched = EnrichedEvent(received.encoded, shipment.standing, late, bool(orders), orders, same_as)
    out.events.append((key, enriched))
    counts["accepted"] += 1
    counts["merged"] += same_as is not None
    counts["matched" if orders else "unmatched"] += 1
    if late:
        counts["late"] += 1


def _told_under(shipment: Shipment, place: int) -> str:
    return origin_at(shipment, place, decode_entry(shipment.history[place])).hex()


def _turned(key: str, turn: after_archive.Turn, out: Advance) -> Shipment:
    """The record to go on with under the number."""
    out.states[key] = turn.shipment
    out.alerts.extend(turn.alerts)
    return turn.shipment


def _see_again(
    key: str, stored: Shipment, place: int, event_id: bytes, entry: Entry, out: Advance
) -> None:
    kept = decode_entry(stored.history[place])
    again = improved(kept, entry)
    data = encode(again)
    if data == stored.history[place] or len(data) > MOST_ENTRY_BYTES:
        return
    shipment = own(key, stored.carrier, stored.tracking_number, stored, out)
    if shipment.archived:
        remove(shipment, place)
        put(shipment, event_id, again, data)
        return
    improve(shipment, place, event_id, kept, again, data, out)


def _take_reference(
    reference: OrderReference, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int],
    keeping: Keeping,
) -> None:
    key = known_key(reference.carrier, reference.tracking_number)
    stored = stored_in(out, states, key) or Shipment(reference.carrier, reference.tracking_number)
    claim = (reference.order_id, reference.delivery_id)
    if may_divide_by_claim(stored, reference, keeping) and resplit.take_claim(
        key, stored, reference, out, counts, keeping
    ):
        return
    if is_known(reference, stored):
        counts["links_repeated"] += 1
        return
    if is_repeat(reference, stored):
        counts["links_repeated"] += 1
        set_claim(own(key, reference.carrier, reference.tracking_number, stored, out), reference)
        return
    turn = after_archive.turn_of_claim(stored, reference, keeping)
    if turn is not None:
        stored = turn.shipment if turn.aside == after_archive.KNOWN else _turned(key, turn, out)
        if turn.aside:
            counts["links_past"] += 1
            return
    check_room_for_claim(key, stored, reference)
    stood = age_of_claim(claim, stored)
    shipment = own(key, reference.carrier, reference.tracking_number, stored, out)
    was_claimed, before = bool(shipment.orders), concern(shipment)
    link = next((one for one in shipment.orders if (one.order_id, one.delivery_id) == claim), link_of(reference))
    because_of = resplit.word_of(reference) if revision_of(shipment, reference.delivery_id) else None
    stands = set_claim(shipment, reference)
    counts[resplit.outcome_of(stood, stands)] += 1
    if stands == stood:
        _put_back(key, shipment, out)
        return
    gone = stands is None or stands[1]
    alert(shipment, before, out)
    out.alerts.extend(held(shipment, before))
    out.relinked.add(key)
    declare_claims(shipment, was_claimed, out)
    was_standing = stood is not None and not stood[1]
    if gone is was_standing:
        _tell_of(shipment, link, out, because_of, gone=gone)
    if gone:
        _put_back(key, shipment, out)


def _put_back(key: str, shipment: Shipment, out: Advance) -> None:
    back = after_archive.put_back(shipment)
    if back is not None:
        _turned(key, back, out)


def _tell_of(shipment: Shipment, link: OrderLink, out: Advance, because_of: str | None, *, gone: bool) -> None:
    """The whole story for an order that begins to claim the shipment; or, where it does no more, that it is not its
    own. As far as no other claim of the order, or of the delivery, stands. ``because_of``: the claim's word, where it
    is not the first for the delivery: what is told may have been taken back meanwhile."""
    others = [
        order for order in shipment.orders
        if (order.order_id, order.delivery_id) != (link.order_id, link.delivery_id)
    ]
    if all(order.order_id != link.order_id for order in others):
        updates = updates_held_for(shipment, link)
        out.customer_updates.extend(withdrawn(updates) if gone else updates)
    if all(order.delivery_id != link.delivery_id for order in others):
        milestones = list(milestones_held_for(shipment, link))
        out.delivery_milestones.extend(withdrawn(milestones) if gone else because(milestones, because_of))


def _entry(event: CarrierEvent | Sighting, event_id: bytes) -> Entry:
    what = (event.milestone, event.exception, event.classifier is _ACTUAL)
    return entry_of(event, event_id, telling=what in TELLING, news=what in TOLD_AS)


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
