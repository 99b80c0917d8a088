"""Orders' claims on a shipment: which stand, whatever came first.

An order may make one claim, on a shipment for a delivery, by several things at once: by a line with the carrier's
number itself, and by each reference a line is resolved by. Of several versions by one thing the newest counts. What a
reference states after it has turned (``OrderReference.turn``) is newer than everything before, whatever its time. What
the number itself states in a later turn is newer than what it stated before at the very same time only.

The claim stands while any version by any thing does, with the time and the terms of the newest that stands: a reference
that becomes doubtful withdraws its own version and no other. Where none stands, the claim is given up if the number
itself withdrew it; what references alone claimed and withdrew was a finding that did not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from streams.contracts.claim_order import Age, ClaimVersion, age_of_version, turned_age, version_of
from streams.contracts.model import OrderReference

Claim = tuple[str, str]
"""Order and delivery."""
Claims = tuple[ClaimVersion, ...]
_TURN_BITS = 45
"""Above twice any time in ms."""
_SAME_TIME_BITS = 6
"""Turns of a number at the very same time, before they count as much as a ms."""


def claim_of(reference: OrderReference) -> Claim:
    """The claim a reference is about."""
    return reference.order_id, reference.delivery_id


def with_version(claims: Claims, reference: OrderReference) -> Claims | None:
    """The claims with this version; None where a version as new is known and this is no earlier first one."""
    new = version_of(reference)
    place = next((at for at, one in enumerate(claims) if one.claim == new.claim and one.by == new.by), None)
    if place is None:
        return tuple(sorted([*claims, new], key=lambda one: (one.claim, one.by)))
    known = claims[place]
    best = new if turned_age(new) > turned_age(known) else known
    if not new.by:
        first = min(new.at, known.at if known.first_at is None else known.first_at)
        best = replace(best, first_at=None if first == best.at else first)
    return None if best == known else (*claims[:place], best, *claims[place + 1 :])


def governing(claims: Sequence[ClaimVersion]) -> Iterator[tuple[int, ClaimVersion]]:
    """For each claim, in its order, the version it goes by with its place among ``claims``: the newest that stands, or
    the number's own withdrawal; none for a claim that only references made and withdrew."""
    for place, one in enumerate(claims):
        is_first = not place or claims[place - 1].claim != one.claim
        is_alone = place + 1 == len(claims) or claims[place + 1].claim != one.claim
        if is_first and is_alone:
            if not (one.by and one.withdrawn):
                yield place, one
        elif is_first:
            versions = [(at, other) for at, other in enumerate(claims) if other.claim == one.claim]
            standing = [(at, other) for at, other in versions if not other.withdrawn]
            own = [(at, other) for at, other in versions if not other.by]
            if standing:
                yield max(standing, key=lambda other: age_of_version(other[1]))
            elif own:
                yield own[0]


def age_of_claim(claims: Claims, claim: Claim) -> Age | None:
    """Returns how new the version is that the claim goes by; None without one."""
    return next((age_of_version(one) for _, one in governing(claims) if one.claim == claim), None)


def is_known_version(claims: Claims, reference: OrderReference) -> bool:
    """True where some version of the claim by the same thing is known."""
    claim = claim_of(reference)
    return any(one.claim == claim and one.by == reference.by for one in claims)


def without_claim(claims: Claims, claim: Claim) -> Claims:
    """The claims as if this one had never been made."""
    return tuple(one for one in claims if one.claim != claim)


def revision_of(claims: Claims, delivery_id: str) -> int:
    """Returns the revision of a delivery's claims on the shipment, withdrawn ones included: it grows with each newer
    version, so that what was sent before a withdrawal is told from what is sent after it."""
    return sum(_newness(one) for one in claims if one.link.delivery_id == delivery_id)


def _newness(version: ClaimVersion) -> int:
    """Grows with each newer version by the same thing, but for its terms."""
    if version.by:
        return (version.turn << _TURN_BITS) + 2 * version.at + version.withdrawn
    return ((version.at << _SAME_TIME_BITS) + version.turn << 1) + version.withdrawn


def last_claimed_at(claims: Claims) -> int:
    """Returns when the latest version was stated, UTC ms; a reference's withdrawal does not count. 0 for never."""
    return max((one.at for one in claims if not (one.by and one.withdrawn)), default=0)


def first_claimed_at(claims: Claims) -> dict[Claim, int]:
    """Returns when each claim that stands or was given up was first stated, UTC ms."""
    first = {one.claim: one.at for _, one in governing(claims)}
    for one in claims:
        if one.claim in first and not (one.by and one.withdrawn):
            first[one.claim] = min(first[one.claim], one.at if one.first_at is None else one.first_at)
    return first
