"""Links between numbers, and what children send their parents.

Reads ``shipment.links`` and ``shipment.adoptions``; writes ``shipment.adoptions``.

The history of a shipment with children is that of all of them, whatever came first: the link, the events or the orders.
A withdrawn link takes with it what came by it, and what was told of that is retracted.
"""

from __future__ import annotations

import msgspec

from streams.contracts.ids import LONGEST_NUMBER, digest
from streams.contracts.link_paths import steps_of
from streams.contracts.model import Adoption, ShipmentLink
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.shipments.chunk import Chunk, known_key
from streams.shipments.facts import ID_BYTES, Child, Entry, Parent, WithdrawnRoute, decode_entry, id_at, place_of
from streams.shipments.linked.propagation import (
    declaration,
    events_for,
    goes_on,
    is_outdated,
    parents_of,
    seen_by_parent,
    version_of,
    withdrawal,
)
from streams.shipments.merge import with_child, with_parent, without_route
from streams.shipments.project import all_facts
from streams.shipments.record import Shipment


def take_link(link: ShipmentLink, chunk: Chunk) -> None:
    """Link a number to another one's shipment, or withdraw the link: its events go on, or are withdrawn. Raises
    Reject."""
    key, before = chunk.get(link.carrier, link.tracking_number)
    parent_key = known_key(link.of_carrier, link.of_tracking_number)
    if parent_key == key or len(link.of_tracking_number) > LONGEST_NUMBER:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{key} cannot be a part of {parent_key}", "of_tracking_number")
    parent = Parent(parent_key, link.kind, link.updated_at, link.withdrawn)
    known = next((one for one in before.facts.parents if one.key == parent_key), None)
    if known is not None and version_of(parent) <= version_of(known):
        chunk.counts["joins_repeated"] += 1
        return
    facts = with_parent(all_facts(before), parent)
    chunk.counts["parted" if parent.withdrawn else "joined"] += 1
    now = chunk.change(key, before, facts, digest("link", parent_key, str(version_of(parent))))
    _send_history(now[-1], known, parent, chunk)


def _send_history(shipment: Shipment, known: Parent | None, parent: Parent, chunk: Chunk) -> None:
    facts, send = shipment.facts, chunk.outputs.adoptions.append
    stood = known is not None and not known.withdrawn
    is_same = known is not None and stood and known.kind is parent.kind
    if stood and (parent.withdrawn or not is_same):
        send(withdrawal(facts, parent))
    if parent.withdrawn or is_same:
        return
    send(declaration(shipment, parent))
    for place, data in enumerate(facts.history):
        for one in events_for(facts, parent, id_at(facts, place).hex(), decode_entry(data)):
            send(one)


def declare_claims(shipment: Shipment, was_claimed: bool, chunk: Chunk) -> None:
    """Tell the parents where the first order claims the number, or the last no longer does."""
    if shipment.facts.parents and bool(shipment.view.standing) is not was_claimed:
        chunk.outputs.adoptions += [declaration(shipment, parent) for parent in parents_of(shipment.facts)]


def take_adoption(message: Adoption, chunk: Chunk) -> None:
    """Take in what a child sends. Raises Reject."""
    key, before = chunk.get(message.carrier, message.tracking_number)
    if before.view.archived:
        chunk.counts["adoptions_past"] += 1
        return
    done, is_changed = "adopted", False
    if not is_outdated(message, before.facts):
        if message.withdrawn:
            done, is_changed = "disowned", _withdraw_route(key, before, message, chunk)
        elif message.event_id:
            is_changed = _take_event(key, before, message, chunk)
        else:
            is_changed = _take_child(key, before, message, chunk)
    chunk.counts[done if is_changed else "adoptions_repeated"] += 1


def _take_child(key: str, before: Shipment, message: Adoption, chunk: Chunk) -> bool:
    facts = with_child(all_facts(before), Child(message.path, message.kind, message.claimed))
    if facts is not None:
        chunk.change(key, before, facts, _digest_of(message))
    return facts is not None


def _take_event(key: str, before: Shipment, message: Adoption, chunk: Chunk) -> bool:
    event_id, entry = _event_of(message)
    place = place_of(before.facts.seen, event_id)
    if place >= 0 and not decode_entry(before.facts.history[place]).routes:
        return False
    return chunk.take_entry(key, before, event_id, entry, _digest_of(message, event_id.hex())) is not None


def _withdraw_route(key: str, before: Shipment, message: Adoption, chunk: Chunk) -> bool:
    """Take out what came by a withdrawn route, and tell the parents. Where nothing had come, it is remembered too: it
    may come again after what comes by a newer version of the link."""
    version = message.ages[0] if message.ages else 0
    facts = without_route(all_facts(before), WithdrawnRoute(message.path, version))
    if facts is None:
        return False
    now = chunk.change(key, before, facts, _digest_of(message))[-1]
    steps = steps_of(message.path)
    chunk.outputs.adoptions += [
        withdrawal(now.facts, parent, message.path, message.ages)
        for parent in parents_of(now.facts) if goes_on(parent, steps)
    ]
    return True


def _digest_of(message: Adoption, event_id: str = "") -> str:
    """Names what a child sent: another name where one of the links it came by has another version, the same where it is
    sent again."""
    return digest("adoption", event_id, message.path, *map(str, message.ages))


def _event_of(message: Adoption) -> tuple[bytes, Entry]:
    try:
        event_id, entry = bytes.fromhex(message.event_id), decode_entry(message.entry)
    except (ValueError, msgspec.DecodeError) as error:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"an adoption without an event: {error}", "entry") from error
    if len(event_id) != ID_BYTES:
        detail = f"{message.event_id[:64]!r} is no id: 32 hex digits are due"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "event_id")
    return seen_by_parent(event_id, entry, message.kind, message.path)
