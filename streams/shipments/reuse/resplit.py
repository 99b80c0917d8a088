"""The part of the shipments step about numbers used again: words that change which shipments the record is of.

``split.py`` says which is of which. What was told of one and turns out to be another's is taken back and told there.
"""

from __future__ import annotations

from copy import copy

from streams.contracts.claim_order import Age
from streams.contracts.ids import digest
from streams.contracts.model import EnrichedEvent, OrderReference
from streams.shipments.claims.standing import (
    age_of_claim,
    forget_claim,
    is_known,
    set_claim,
)
from streams.shipments.history import (
    MOST_ENTRY_BYTES,
    Advance,
    alert,
    check_room,
    check_room_for_claim,
    concern,
    improved,
)
from streams.shipments.notifications.alert_refresh import held
from streams.shipments.notifications.numbering import same_as
from streams.shipments.notifications.outputs import alerts_between, between_lives
from streams.shipments.record import Entry, Shipment, decode_entry, encode, place_of
from streams.shipments.reuse import after_archive
from streams.shipments.reuse.archive import Keeping
from streams.shipments.reuse.split import divided, kept_together, lives_in, united
from streams.shipments.status_machine import origin_at, put, remove
from streams.shipments.timers.deadlines import FOR_EVER, settle
from streams.shipments.timers.punctuality import alerts_about, risk


def take_event(
    key: str, stored: Shipment, event_id: bytes, entry: Entry, encoded: bytes, out: Advance, counts: dict[str, int],
    keeping: Keeping,
) -> bool:
    """Take in an event, new or seen again, where that changes which shipments the record is of, or the record of one
    that has ended; False where it is of the present one alone, which then is left to the caller. Raises Reject."""
    before = lives_in(stored)
    whole = united(before)
    place = place_of(whole.seen, event_id)
    is_new = place < 0
    if is_new and whole.past is not None and after_archive.is_repeat(whole.past, event_id):
        counts["duplicates"] += 1
        return True
    if not is_new:
        kept = decode_entry(whole.history[place])
        entry = improved(kept, entry)
        if entry == kept or len(encode(entry)) > MOST_ENTRY_BYTES:
            counts["duplicates"] += 1
            return True
        remove(whole, place)
    data = encode(entry)
    check_room(key, whole, data)
    turn = after_archive.turn_of_event(whole, event_id, entry, data, keeping) if is_new else None
    aside = "" if turn is None else turn.aside
    if not aside:
        put(whole, event_id, entry, data)
    after = _lives(whole, keeping)
    if not aside and _is_of_the_last_alone(before, after):
        return False
    _go_on(key, before, after, event_id.hex(), out)
    if not is_new:
        counts["duplicates"] += 1
        return True
    life = next((one for one in after if place_of(one.seen, event_id) >= 0), None)
    orders = [] if life is None else life.orders
    out.events.append((key, _enriched(life or after[-1], event_id, encoded, late=life is not after[-1])))
    for outcome in ("accepted", "late", "matched" if orders else "unmatched", *([aside] if aside else [])):
        counts[outcome] += 1
    return True


def take_claim(
    key: str, stored: Shipment, reference: OrderReference, out: Advance, counts: dict[str, int], keeping: Keeping
) -> bool:
    """Take in an order's word, as :func:`take_event` does an event. Raises Reject."""
    claim, before = (reference.order_id, reference.delivery_id), lives_in(stored)
    whole = united(before)
    if is_known(reference, whole):
        counts["links_repeated"] += 1
        return True
    stood, turn = age_of_claim(claim, whole), after_archive.turn_of_claim(whole, reference, keeping)
    if turn is not None and turn.aside == after_archive.KNOWN:
        counts["links_past"] += 1
        return True
    aside = "" if turn is None else turn.aside
    whole = whole if turn is None else turn.shipment
    if aside:
        forget_claim(whole, claim)
        whole.updated_at = after_archive.last_word_at(whole) if whole.archived else whole.updated_at
    else:
        check_room_for_claim(key, whole, reference)
        set_claim(whole, reference)
    stands = age_of_claim(claim, whole)
    after = _lives(whole, keeping)
    if not aside and _is_of_the_last_alone(before, after):
        return False
    _go_on(key, before, after, word_of(reference), out)
    counts["links_past" if aside else outcome_of(stood, stands)] += 1
    return True


def outcome_of(stood: Age | None, stands: Age | None) -> str:
    """What a word did to its claim, which went by another before."""
    if stands == stood:
        return "links_repeated"
    if stands is None or stands[1]:
        return "withdrawn"
    return "linked" if stood is None else "relinked"


def word_of(reference: OrderReference) -> str:
    """A digest of an order's word."""
    said = (reference.by, str(reference.turn), str(reference.updated_at), "withdrawn" if reference.withdrawn else "")
    return digest("claim", reference.order_id, reference.delivery_id, *said)


def _lives(whole: Shipment, keeping: Keeping) -> list[Shipment]:
    """The shipments that what was said is of; over a grave, where none has begun, what is held."""
    back = after_archive.put_back(whole)
    return divided(whole, keeping) if back is None else [back.shipment]


def _is_of_the_last_alone(before: list[Shipment], after: list[Shipment]) -> bool:
    """Whether the shipments that have ended are the same, and as they were."""
    return [encode(one) for one in before[:-1]] == [encode(one) for one in after[:-1]]


def _go_on(key: str, before: list[Shipment], after: list[Shipment], because_of: str, out: Advance) -> None:
    """Keep the shipments the record turns out to be of, and tell what differs; ``because_of``: the word it is by."""
    last, now = before[-1], after[-1]
    known = [encode(one) for one in before[:-1]]
    out.archived.extend(one for one in after[:-1] if encode(one) not in known)
    updates, milestones = between_lives(before, after, because_of)
    out.customer_updates.extend(updates)
    out.delivery_milestones.extend(milestones)
    if last.life == now.life:
        now.raised, now.dwells_told = last.raised, last.dwells_told
        alert(now, concern(last), out)
        if now.orders != last.orders:
            out.alerts.extend(held(now, concern(last)))
            out.relinked.add(key)
    else:
        out.alerts += settle(copy(last), FOR_EVER) + alerts_between(last, last.open, [])
        out.alerts += alerts_about(last, risk(last), None)
        out.alerts += alerts_between(now, [], now.open) + alerts_about(now, None, risk(now))
    out.states[key] = kept_together(after)


def _enriched(life: Shipment, event_id: bytes, encoded: bytes, *, late: bool) -> EnrichedEvent:
    place = place_of(life.seen, event_id)
    if place < 0:
        return EnrichedEvent(encoded, life.standing, True, False, [])
    other = same_as(life, place, decode_entry(life.history[place]))
    same = None if other < 0 else origin_at(life, other, decode_entry(life.history[other])).hex()
    is_late = late or place < len(life.history) - 1
    return EnrichedEvent(encoded, life.standing, is_late, bool(life.orders), life.orders, same)
