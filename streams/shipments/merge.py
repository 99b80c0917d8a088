"""Merge: adds one input to the facts. Facts only grow; None says that the input holds nothing new.

The order of inputs does not matter: of two sightings of one event the one received first is kept, with the estimates
that others state; of two versions of a claim or a link the newer. Each function returns new facts and leaves its
argument unchanged.
"""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.ids import shipment_key
from streams.contracts.link_paths import ends_with
from streams.contracts.model import OrderReference
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from streams.shipments.claims.standing import claim_of, is_known_version, with_version, without_claim
from streams.shipments.facts import (
    ID_BYTES,
    Child,
    Entry,
    Facts,
    Parent,
    WithdrawnRoute,
    decode_entry,
    encode_entry,
    id_at,
    place_for,
    place_of,
    reports_of,
)
from streams.shipments.occurrences.matching import source_of
from streams.shipments.reuse.archive import Keeping, stub_with_claim, stub_with_event
from streams.shipments.statements import with_statements

MOST_ENTRY_BYTES = 4 * 1024
MOST_HISTORY_BYTES = 400 * 1024
"""Limits the history of one shipment's record: some 5,000 events. A number with more is a placeholder (``N/A``,
``00000``), and a record larger than brokers take would stop the stage. Only here does it matter what came first."""
MOST_CLAIMS = 500
"""Versions of claims on one shipment: as a rule one an order."""
MOST_LINKS = 500
"""Numbers one number may belong to, and that may belong to it."""
_MANY = MOST_HISTORY_BYTES // MOST_ENTRY_BYTES


def with_event(facts: Facts, event_id: bytes, entry: Entry, keeping: Keeping) -> Facts | None:
    """The facts with an event, or with a better sighting of a known one. Raises Reject."""
    place = place_of(facts.seen, event_id)
    if place >= 0:
        better = better_of(decode_entry(facts.history[place]), entry)
        data = encode_entry(better)
        if data == facts.history[place] or len(data) > MOST_ENTRY_BYTES:
            return None
        return _inserted(_without(facts, place), event_id, better, data)
    data = encode_entry(entry)
    check_room(facts, data)
    if facts.stub is not None:
        is_past, stub = stub_with_event(facts.stub, event_id, entry, keeping)
        if stub is None:
            return None
        if is_past:
            return replace(facts, stub=stub)
    return _inserted(facts, event_id, entry, data)


def with_claim(facts: Facts, reference: OrderReference, keeping: Keeping) -> Facts | None:
    """The facts with a version of an order's claim. Raises Reject."""
    if facts.stub is not None:
        is_past, stub = stub_with_claim(facts.stub, reference, keeping)
        if stub is None:
            return None
        if is_past:
            return replace(facts, stub=stub, claims=without_claim(facts.claims, claim_of(reference)))
    if not is_known_version(facts.claims, reference) and len(facts.claims) >= MOST_CLAIMS:
        detail = f"orders claim {_key(facts)} by {len(facts.claims)} versions and no more: is it a placeholder?"
        raise Reject(RejectReason.TOO_LARGE, detail)
    claims = with_version(facts.claims, reference)
    return None if claims is None else replace(facts, claims=claims)


def with_parent(facts: Facts, parent: Parent) -> Facts:
    """The facts with a link to another number's shipment, in the place of an older one. Raises Reject."""
    others = [one for one in facts.parents if one.key != parent.key]
    if len(others) == len(facts.parents) >= MOST_LINKS:
        raise Reject(RejectReason.TOO_LARGE, f"{_key(facts)} is linked to {len(others)} shipments and no more")
    return replace(facts, parents=tuple(sorted([*others, parent], key=lambda one: one.key)))


def with_child(facts: Facts, child: Child) -> Facts | None:
    """The facts with a number that belongs to the shipment. Raises Reject."""
    if child in facts.children:
        return None
    others = [one for one in facts.children if one.key != child.key]
    if len(facts.children) >= MOST_LINKS:
        raise Reject(RejectReason.TOO_LARGE, f"{len(others)} numbers belong to {_key(facts)} and no more")
    return replace(facts, children=tuple(sorted([*others, child], key=lambda one: one.key)))


def without_route(facts: Facts, route: WithdrawnRoute) -> Facts | None:
    """The facts without what came through a route, which is remembered: what was sent before may come again."""
    kept: list[tuple[bytes, bytes]] = []
    for place, data in enumerate(facts.history):
        entry = decode_entry(data)
        left = tuple(path for path in entry.routes if not ends_with(path, route.path))
        if left or not entry.routes:
            changed = data if left == entry.routes else encode_entry(replace(entry, routes=left))
            kept.append((id_at(facts, place), changed))
    others = [one for one in facts.withdrawn_routes if one.path != route.path]
    less = replace(
        facts, history=[data for _, data in kept], seen=b"".join(event_id for event_id, _ in kept),
        children=tuple(one for one in facts.children if one.key != route.path),
        withdrawn_routes=tuple(sorted([*others, route], key=lambda one: one.path)),
    )
    return None if less == facts else less


def better_of(known: Entry, other: Entry) -> Entry:
    """Merges two sightings of one event: the one received first, with the sources, the routes and the estimates of
    both."""
    best = min((other, known), key=lambda one: (one.received_at, encode_entry(_bare(one))))
    routes = known.routes if known.routes == other.routes else tuple(sorted({*known.routes, *other.routes}))
    by_source: dict[int, int] = {}
    for report in sorted({*reports_of(known), *reports_of(other)}):
        by_source.setdefault(source_of(report), report)
    best = _with_reports(best, tuple(by_source.values()))
    best = with_statements(best, known, other)
    return best if best.routes == routes else replace(best, routes=routes)


def check_room(facts: Facts, data: bytes) -> None:
    """Refuse an encoded entry that the record has no room for. Raises Reject."""
    if len(data) > MOST_ENTRY_BYTES:
        raise Reject(RejectReason.TOO_LARGE, f"an event of {len(data)} bytes; {MOST_ENTRY_BYTES} are taken")
    history = facts.history
    if len(history) >= _MANY and sum(map(len, history)) + len(data) > MOST_HISTORY_BYTES:
        detail = f"{_key(facts)} holds {len(history)} events and no more: is it a placeholder?"
        raise Reject(RejectReason.TOO_LARGE, detail)


def _inserted(facts: Facts, event_id: bytes, entry: Entry, data: bytes) -> Facts:
    place = place_for(facts, event_id, entry)
    cut = place * ID_BYTES
    return replace(
        facts, history=[*facts.history[:place], data, *facts.history[place:]],
        seen=facts.seen[:cut] + event_id + facts.seen[cut:],
    )


def _without(facts: Facts, place: int) -> Facts:
    cut, history = place * ID_BYTES, facts.history
    return replace(
        facts, history=[*history[:place], *history[place + 1 :]], seen=facts.seen[:cut] + facts.seen[cut + ID_BYTES :]
    )


def _with_reports(entry: Entry, reports: tuple[int, ...]) -> Entry:
    if entry.story is None or entry.story.reports == reports:
        return entry
    return replace(entry, story=replace(entry.story, reports=reports))


def _bare(entry: Entry) -> Entry:
    """The entry without what is put together from all sightings."""
    return replace(_with_reports(entry, ()), routes=(), restated=())


def _key(facts: Facts) -> str:
    return shipment_key(facts.carrier, facts.tracking_number)
