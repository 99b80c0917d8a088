"""Orders' claims on a shipment: which stand, whatever came first.

An order may make one claim, on a shipment for a delivery, by several things at once: by a line with the carrier's
number itself, and by each reference a line is resolved by. Each has its own word, and of several words by one thing the
newest holds. What a reference says after it has turned (``OrderReference.turn``) is newer than all before, whatever its
time. What the number itself says in a later turn is newer than what it said before at the very same time, and no more:
an older version of an order never holds against a newer one, however late it comes.

The claim stands while any of them does, with the time and the terms of the newest that stands, whatever its turn: a
reference that becomes doubtful takes back what it said and no more. So the claims are a function of the set of what was
said, and of references it matters only what they say in the end.

``Shipment.orders`` and ``link_times`` have the claims that stand, ``withdrawn`` those that were made by the number
itself and given up. What references alone claimed and took back was a finding that did not hold: no order ever gave the
shipment up, and but for the words nothing tells of it. As a rule a claim has one word, by the number itself that never
turned, and that is all there is of it; of the others ``Shipment.words`` has every word.
"""

from __future__ import annotations

from streams.contracts.claim_order import (
    NO_TERMS,
    Age,
    ClaimWord,
    TurnedAge,
    age_of,
    age_of_version,
    link_of,
    terms_of,
    turned_age,
    version_of,
)
from streams.contracts.model import OrderLink, OrderReference
from streams.shipments.record import (
    FirstWord,
    Shipment,
    Withdrawal,
)

Claim = tuple[str, str]
_TURN_BITS = 45
"""Above twice any time in ms."""
NEVER = 1 << 62
_SAME_TIME_BITS = 6
"""Turns of a number at the very same time, before they count as much as a ms."""


def age_of_claim(claim: Claim, stored: Shipment) -> Age | None:
    """The word the claim goes by: the newest that stands or, where none does, that gave it up; None where there is
    neither."""
    for known, time in zip(stored.orders, stored.link_times, strict=True):
        if (known.order_id, known.delivery_id) == claim:
            return time, False, terms_of(known)
    for one in stored.withdrawn:
        if (one.order_id, one.delivery_id) == claim:
            return one.at, True, NO_TERMS
    return None


def age_of_word(claim: Claim, by: str, stored: Shipment) -> TurnedAge | None:
    """The newest word of the claim by one thing; None where it has said none."""
    if not (by or stored.words):
        age = age_of_claim(claim, stored)
        return None if age is None else (age[0], 0, *age[1:])
    word = _words_of(claim, stored).get(by)
    return None if word is None else turned_age(word)


def words_in(shipment: Shipment) -> int:
    """How many words there are of all claims on the shipment."""
    words = shipment.words
    if not words:
        return len(shipment.orders) + len(shipment.withdrawn)
    claims = {(one.order_id, one.delivery_id) for one in shipment.orders}
    claims.update((one.order_id, one.delivery_id) for one in shipment.withdrawn)
    return len(words) + len(claims.difference(one.claim for one in words))


def revision_of(shipment: Shipment, delivery_id: str) -> int:
    """How new the words are that claim the shipment for a delivery, or give it up: it grows with each that counts,
    whichever came first, so that what was told before a withdrawal is known from what is told after it."""
    words = [word for word in shipment.words if word.link.delivery_id == delivery_id]
    told = {word.claim for word in words}
    revision = sum(map(_newness, words))
    for order, at in zip(shipment.orders, shipment.link_times, strict=True):
        if order.delivery_id == delivery_id and (order.order_id, delivery_id) not in told:
            revision += at << _SAME_TIME_BITS + 1
    for one in shipment.withdrawn:
        if one.delivery_id == delivery_id and (one.order_id, delivery_id) not in told:
            revision += (one.at << _SAME_TIME_BITS + 1) + 1
    return revision


def _newness(word: ClaimWord) -> int:
    """Grows with each word by the same thing that is newer, but for its terms."""
    if word.by:
        return (word.turn << _TURN_BITS) + 2 * word.at + word.withdrawn
    return ((word.at << _SAME_TIME_BITS) + word.turn << 1) + word.withdrawn


def last_said_at(shipment: Shipment) -> int:
    """When something was last said of it by an order, UTC ms; what a reference took back was not. 0 for never."""
    words = [one.at for one in shipment.words if not (one.by and one.withdrawn)]
    return max([*shipment.link_times, *(one.at for one in shipment.withdrawn), *words], default=0)


def first_said(shipment: Shipment) -> dict[Claim, int]:
    """When each claim that stands, or was made by the number itself and given up, was first spoken of, UTC ms."""
    said = {(order.order_id, order.delivery_id): at
            for order, at in zip(shipment.orders, shipment.link_times, strict=True)}
    said |= {(one.order_id, one.delivery_id): one.at for one in shipment.withdrawn}
    for word in shipment.words:
        if word.claim in said and not (word.by and word.withdrawn):
            said[word.claim] = min(said[word.claim], word.at)
    return said | {(one.order_id, one.delivery_id): min(one.at, said[one.order_id, one.delivery_id])
                   for one in shipment.since if (one.order_id, one.delivery_id) in said}


def is_repeat(reference: OrderReference, stored: Shipment) -> bool:
    """Whether as new a word of the claim by the same thing is known."""
    told = age_of_word((reference.order_id, reference.delivery_id), reference.by, stored)
    return told is not None and age_of(reference) <= told


def is_known(reference: OrderReference, stored: Shipment) -> bool:
    """Whether the word says nothing: as new a one is known, and it is not the first by the number itself either."""
    if not is_repeat(reference, stored):
        return False
    return bool(reference.by) or reference.updated_at >= _since((reference.order_id, reference.delivery_id), stored)


def forget_claim(shipment: Shipment, claim: Claim) -> None:
    """Let it be as if the claim had never been made. Changes the shipment, by assignment."""
    _go_by(shipment, claim, None)
    shipment.words = tuple(one for one in shipment.words if one.claim != claim)
    shipment.since = tuple(one for one in shipment.since if (one.order_id, one.delivery_id) != claim)


def _set_since(shipment: Shipment, claim: Claim, at: int) -> None:
    others = [one for one in shipment.since if (one.order_id, one.delivery_id) != claim]
    shipment.since = tuple(sorted([*others, FirstWord(*claim, at)], key=lambda one: (one.order_id, one.delivery_id)))


def _since(claim: Claim, stored: Shipment) -> int:
    """When the claim was first made by the number itself."""
    for one in stored.since:
        if (one.order_id, one.delivery_id) == claim:
            return one.at
    word = _words_of(claim, stored).get("")
    return NEVER if word is None else word.at


def set_claim(shipment: Shipment, reference: OrderReference) -> Age | None:
    """Put the word in the place of an older one by the same thing, let the claim stand or not by all of its words; the
    word it then goes by, as ``age_of_claim``. Of one that is not new it is noted when it was said, where that was
    first. Changes the shipment, by assignment."""
    is_plain = not (reference.withdrawn or reference.by or reference.turn)
    if is_plain and not (shipment.orders or shipment.withdrawn or shipment.words):
        shipment.orders, shipment.link_times = [link_of(reference)], [reference.updated_at]
        shipment.updated_at = max(shipment.updated_at, reference.updated_at)
        return age_of_version(version_of(reference))
    claim = (reference.order_id, reference.delivery_id)
    words = _words_of(claim, shipment)
    if not reference.by and "" in words:
        since = _since(claim, shipment)
        if since != reference.updated_at:
            _set_since(shipment, claim, min(since, reference.updated_at))
    if is_repeat(reference, shipment):
        return age_of_claim(claim, shipment)
    words[reference.by] = version_of(reference)
    if shipment.words or reference.by or reference.turn:
        others = [one for one in shipment.words if one.claim != claim]
        kept = words.values() if any(one.by or one.turn for one in words.values()) else ()
        shipment.words = tuple(sorted([*others, *kept], key=lambda one: (one.claim, one.by)))
    best = _gone_by(words)
    _go_by(shipment, claim, best)
    heard_at = shipment.updated_at if shipment.archived else shipment.heard_at or 0
    shipment.updated_at = max(heard_at, last_said_at(shipment))
    return None if best is None else age_of_version(best)


def _gone_by(words: dict[str, ClaimWord]) -> ClaimWord | None:
    """The word a claim of these goes by, by what they are said by: the newest that stands, or that of the number itself
    if it gave the claim up."""
    standing = [one for one in words.values() if not one.withdrawn]
    return max(standing, key=age_of_version) if standing else words.get("")


def _words_of(claim: Claim, stored: Shipment) -> dict[str, ClaimWord]:
    """All words of the claim, by what it is made by."""
    words = {one.by: one for one in stored.words if one.claim == claim}
    if words:
        return words
    for link, time in zip(stored.orders, stored.link_times, strict=True):
        if (link.order_id, link.delivery_id) == claim:
            return {"": ClaimWord("", time, False, link)}
    for one in stored.withdrawn:
        if (one.order_id, one.delivery_id) == claim:
            return {"": ClaimWord("", one.at, True, OrderLink(*claim, "", None))}
    return {}


def _go_by(shipment: Shipment, claim: Claim, word: ClaimWord | None) -> None:
    """Let the claim stand or be given up as the word has it; without one it is as if it had never been made."""
    links = {
        (order.order_id, order.delivery_id): (order, time)
        for order, time in zip(shipment.orders, shipment.link_times, strict=True)
    }
    given_up = {(one.order_id, one.delivery_id): one for one in shipment.withdrawn}
    links.pop(claim, None)
    given_up.pop(claim, None)
    if word is not None and word.withdrawn:
        given_up[claim] = Withdrawal(*claim, word.at)
    elif word is not None:
        links[claim] = word.link, word.at
    shipment.orders = [links[one][0] for one in sorted(links)]
    shipment.link_times = [links[one][1] for one in sorted(links)]
    shipment.withdrawn = tuple(given_up[one] for one in sorted(given_up))
