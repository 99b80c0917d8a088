"""The part of the shipments step about numbers that belong together: links in, and what parts tell their wholes.

Reads ``shipment.links`` and ``shipment.adoptions``; writes ``shipment.adoptions``.

The history of a shipment with parts is that of all of them, whatever came first: the link, the events or the orders.
A link taken back takes with it what came by it, and what was told of it is taken back. What is told because of a part
names the words of the links it came by (``because_of``): said again, a link is another word, told again, the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from streams.contracts.ids import LONGEST_NUMBER, digest
from streams.contracts.link_paths import ends_with, steps_of
from streams.contracts.model import Adoption, ShipmentLink
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.shipments.history import (
    MOST_ENTRY_BYTES,
    Advance,
    accept,
    alert,
    as_it_is,
    check_room,
    concern,
    improve,
    improved,
    known_key,
    own,
    put_right,
    stored_in,
)
from streams.shipments.linked.propagation import (
    age_of,
    declaration,
    events_for,
    goes_on,
    is_repeat,
    sight_of,
    standing,
    with_part,
    with_way,
    withdrawal,
)
from streams.shipments.record import ID_BYTES, Entry, Part, Shipment, Whole, decode_entry, encode, place_of
from streams.shipments.status_machine import id_at, refold

MOST_RELATED = 500
"""Numbers one number may belong to, and that may belong to it."""


def take_link(
    link: ShipmentLink, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int]
) -> None:
    """Tie a number to another one's shipment, or untie it; its events go on or are taken back. Raises Reject."""
    key = known_key(link.carrier, link.tracking_number)
    whole_key = known_key(link.of_carrier, link.of_tracking_number)
    if whole_key == key or len(link.of_tracking_number) > LONGEST_NUMBER:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{key} cannot be a part of {whole_key}", "of_tracking_number")
    stored = stored_in(out, states, key)
    whole = Whole(whole_key, link.kind, link.updated_at, link.withdrawn)
    wholes = () if stored is None else stored.wholes
    known = next((one for one in wholes if one.key == whole_key), None)
    if known is not None and age_of(whole) <= age_of(known):
        counts["joins_repeated"] += 1
        return
    if known is None and len(wholes) >= MOST_RELATED:
        raise Reject(RejectReason.TOO_LARGE, f"{key} is a part of {len(wholes)} shipments and of no more")
    counts["parted" if whole.withdrawn else "joined"] += 1
    shipment = own(key, link.carrier, link.tracking_number, stored, out)
    before = concern(shipment)
    others = (one for one in wholes if one.key != whole_key)
    shipment.wholes = tuple(sorted([whole, *others], key=lambda one: one.key))
    alert(shipment, before, out)
    _tie(shipment, known, whole, out)


def _tie(shipment: Shipment, known: Whole | None, whole: Whole, out: Advance) -> None:
    was_standing = known is not None and not known.withdrawn
    if known is not None and was_standing and (whole.withdrawn or known.kind is not whole.kind):
        out.adoptions.append(withdrawal(shipment, whole))
    if whole.withdrawn or (known is not None and was_standing and known.kind is whole.kind):
        return
    out.adoptions.append(declaration(shipment, whole))
    for place, data in enumerate(shipment.history):
        out.adoptions.extend(events_for(shipment, whole, id_at(shipment, place).hex(), decode_entry(data)))


def declare_claims(shipment: Shipment, was_claimed: bool, out: Advance) -> None:
    """Tell the wholes where the first order claims the part, or the last no longer does."""
    if shipment.wholes and bool(shipment.orders) is not was_claimed:
        out.adoptions.extend(declaration(shipment, whole) for whole in standing(shipment))


def take_adoption(
    told: Adoption, states: Mapping[str, Shipment | None], out: Advance, counts: dict[str, int]
) -> None:
    """Take in what a part tells. Raises Reject."""
    key = known_key(told.carrier, told.tracking_number)
    stored = stored_in(out, states, key)
    if stored is not None and stored.archived:
        counts["adoptions_past"] += 1
    elif stored is not None and is_repeat(told, stored):
        counts["adoptions_repeated"] += 1
    elif told.withdrawn:
        changed = stored is not None and _disown(key, stored, told, out)
        counts["disowned" if changed else "adoptions_repeated"] += 1
    elif told.event_id:
        changed = _adopt(key, stored, told, out)
        counts["adopted" if changed else "adoptions_repeated"] += 1
    else:
        changed = _know_part(key, stored, told, out)
        counts["adopted" if changed else "adoptions_repeated"] += 1


def _know_part(key: str, stored: Shipment | None, told: Adoption, out: Advance) -> bool:
    part = Part(told.path, told.kind, told.claimed)
    parts = () if stored is None else stored.parts
    if part in parts:
        return False
    if len(parts) >= MOST_RELATED:
        raise Reject(RejectReason.TOO_LARGE, f"{key} has {len(parts)} parts and no more")
    shipment = own(key, told.carrier, told.tracking_number, stored, out)
    before = concern(shipment)
    shipment.parts = with_part(parts, part)
    refold(shipment)
    alert(shipment, before, out)
    return True


def _adopt(key: str, stored: Shipment | None, told: Adoption, out: Advance) -> bool:
    event_id, entry = _event_of(told)
    because_of = _word_of(told, event_id.hex())
    place = -1 if stored is None else place_of(stored.seen, event_id)
    if stored is None or place < 0:
        data = encode(entry)
        check_room(key, stored, data)
        shipment = own(key, told.carrier, told.tracking_number, stored, out)
        accept(shipment, event_id, entry, data, out, because_of)
        return True
    kept = decode_entry(stored.history[place])
    if not kept.paths:
        return False
    again = improved(kept, entry)
    data = encode(again)
    if data == stored.history[place] or len(data) > MOST_ENTRY_BYTES:
        return False
    shipment = own(key, told.carrier, told.tracking_number, stored, out)
    improve(shipment, place, event_id, kept, again, data, out, because_of)
    return True


def _word_of(told: Adoption, event_id: str = "") -> str:
    """The word because of which something holds, or no more, that came by links: another where one of them was said
    anew, the same where it is told again."""
    return digest("adoption", event_id, told.path, *map(str, told.ages))


def _event_of(told: Adoption) -> tuple[bytes, Entry]:
    try:
        event_id, entry = bytes.fromhex(told.event_id), decode_entry(told.entry)
    except (ValueError, msgspec.DecodeError) as error:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"an adoption that tells of no event: {error}", "entry") from error
    if len(event_id) != ID_BYTES:
        detail = f"{told.event_id[:64]!r} is no id: 32 hex digits are due"
        raise Reject(RejectReason.CONTRACT_BROKEN, detail, "event_id")
    return sight_of(event_id, entry, told.kind, told.path)


def _disown(key: str, stored: Shipment, told: Adoption, out: Advance) -> bool:
    """Take out what came by a way that holds no more, take back what was told of it, and tell the wholes. Where nothing
    had come, it is remembered too: it may come again after what comes by a newer word."""
    ids, history = [], []
    for place, data in enumerate(stored.history):
        entry = decode_entry(data)
        left = tuple(path for path in entry.paths if not ends_with(path, told.path))
        if entry.paths and not left:
            continue
        ids.append(id_at(stored, place))
        history.append(data if left == entry.paths else encode(replace(entry, paths=left)))
    parts = tuple(one for one in stored.parts if one.key != told.path)
    ways = with_way(stored.ways, told)
    if history == stored.history and parts == stored.parts and ways == stored.ways:
        return False
    shipment = own(key, told.carrier, told.tracking_number, stored, out)
    before, was = concern(shipment), as_it_is(shipment)
    shipment.history, shipment.seen, shipment.parts, shipment.ways = history, b"".join(ids), parts, ways
    shipment.last_at, shipment.last_rank = 0, -2
    refold(shipment)
    put_right(shipment, was, out, _word_of(told))
    alert(shipment, before, out)
    steps = steps_of(told.path)
    further = [whole for whole in standing(shipment) if goes_on(whole, steps)]
    out.adoptions.extend(withdrawal(shipment, whole, told.path, told.ages) for whole in further)
    return True
