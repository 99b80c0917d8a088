"""What a number has to tell the shipments it is a part of, and how they see it.

Each event of a part goes on to its wholes, and to theirs. What it says there may depend on the way it came; seen the
same by two ways, it is one event, seen otherwise, another (``sight_of``): an id stands for what it says, and the set of
events decides. An event keeps the ways it came, so that a link taken back takes with it what came by that link alone.
With what is told goes how new the words of the links are: so what was told before a link was taken back, and comes
again, is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.link_paths import path_of, steps_of
from streams.contracts.model import Adoption
from streams.kernel.vocabulary import STATUS_OF, LinkKind, Milestone, Status
from streams.shipments.record import Entry, Part, Shipment, Way, Whole, encode

LONGEST_PATH = 6
"""Numbers an event goes on through; a shipment relabelled or handed over more often is a mistake in the data."""

_AGE_BITS = 4
_RANK_OF = {kind: rank for rank, kind in enumerate(sorted(LinkKind), 1)}
_SAME = frozenset({LinkKind.ALIAS, LinkKind.RELABELLED, LinkKind.PIECE})
_NOT_YET = frozenset({Status.PLANNED, Status.BOOKED, Status.INFO_RECEIVED})
_KEPT_ON_THE_WAY_BACK = frozenset({Status.LOST, Status.DESTROYED, Status.RETURNING, Status.RETURNED})
_BEGINNINGS = frozenset({Milestone.PICKED_UP, Milestone.LOADED, Milestone.DEPARTED_PICKUP})


def seen_as(entry: Entry, kind: LinkKind, part: str, path: str) -> Entry:
    """An event of ``part`` as the shipment it is ``kind`` to sees it.

    The carrier that goes on picks nothing up, it receives; a label made for it, or for the way back, is no state of
    the goods. What moves on the way back is on its way back, and delivered there is returned.
    """
    milestone = entry.milestone
    if entry.actual and kind not in _SAME:
        milestone = _on_the_way_back(milestone) if kind is LinkKind.RETURN_LEG else _handed_over(milestone)
    piece = entry.piece or (part if kind is LinkKind.PIECE else "")
    return replace(entry, milestone=milestone, piece=piece, paths=(path,))


def sight_of(event_id: bytes, entry: Entry, kind: LinkKind, path: str) -> tuple[bytes, Entry]:
    """The id and the contents under which a whole has an event of its part, the last of ``path``.

    Seen as it was told, it keeps its id. Otherwise its id is made of the one it was told under and of what it says, so
    that it matters neither by which ways it came nor which came first: no kind of link makes a changed event what it
    was told as again.
    """
    seen = seen_as(entry, kind, steps_of(path)[-1], path)
    if seen.milestone is entry.milestone and seen.piece == entry.piece:
        return event_id, seen
    origin = entry.origin or event_id
    return bytes.fromhex(digest("sight", origin.hex(), seen.milestone, seen.piece)), replace(seen, origin=origin)


def _handed_over(milestone: Milestone) -> Milestone:
    if milestone in _BEGINNINGS:
        return Milestone.RECEIVED_FROM_CARRIER
    return Milestone.INFO if STATUS_OF[milestone] in _NOT_YET else milestone


def _on_the_way_back(milestone: Milestone) -> Milestone:
    if milestone is Milestone.DELIVERED:
        return Milestone.RETURNED
    if milestone in _BEGINNINGS:
        return Milestone.RETURNING
    status = STATUS_OF[milestone]
    if status in _NOT_YET or status is Status.CANCELLED or milestone is Milestone.POD_RECEIVED:
        return Milestone.INFO
    return milestone if status is None or status in _KEPT_ON_THE_WAY_BACK else Milestone.IN_TRANSIT


def key_of(shipment: Shipment) -> str:
    """Its ``CARRIER:REFERENCE``."""
    return shipment_key(shipment.carrier, shipment.tracking_number)


def standing(shipment: Shipment) -> list[Whole]:
    """The shipments it is a part of, as far as that is not taken back."""
    return [one for one in shipment.wholes if not one.withdrawn]


def age_of(whole: Whole) -> int:
    """What makes one word of a link newer than another; of equal time, always the same wins."""
    return whole.at << _AGE_BITS | whole.withdrawn << _AGE_BITS - 1 | _RANK_OF[whole.kind]


def events_for(shipment: Shipment, whole: Whole, event_id: str, entry: Entry) -> Iterator[Adoption]:
    """What a whole is told of an event: once by each way it came, but never back to where it has been."""
    data = encode(replace(entry, paths=()))
    for path in entry.paths or ("",):
        steps = steps_of(path) if path else []
        if goes_on(whole, steps):
            yield Adoption(
                *_named(whole.key), path_of(*steps, key_of(shipment)), whole.kind, event_id, data,
                ages=[*_ages(shipment, steps), age_of(whole)],
            )


def goes_on(whole: Whole, steps: Sequence[str]) -> bool:
    """Whether what came through these numbers is told the whole."""
    return whole.key not in steps and len(steps) < LONGEST_PATH


def declaration(shipment: Shipment, whole: Whole) -> Adoption:
    """That it is a part, and whether an order claims it."""
    claimed = bool(shipment.orders)
    return Adoption(*_named(whole.key), key_of(shipment), whole.kind, claimed=claimed, ages=[age_of(whole)])


def withdrawal(shipment: Shipment, whole: Whole, path: str = "", ages: Sequence[int] = ()) -> Adoption:
    """That what came through the shipment by an older word of the link holds no more; with a ``path``, what came by
    that, whose ``ages`` these are."""
    steps = [path] if path else []
    return Adoption(
        *_named(whole.key), path_of(*steps, key_of(shipment)), whole.kind, withdrawn=True,
        ages=[*ages, age_of(whole)],
    )


def is_repeat(told: Adoption, stored: Shipment) -> bool:
    """Whether it was told before something that is known to have been taken back since: it comes again."""
    if not (stored.ways and told.ages):
        return False
    taken_back, steps = {way.path: way.age for way in stored.ways}, steps_of(told.path)
    if told.withdrawn and told.ages[0] <= taken_back.get(told.path, -1):
        return True
    return any(age < taken_back.get(path_of(*steps[place:]), 0) for place, age in enumerate(told.ages))


def with_way(ways: tuple[Way, ...], told: Adoption) -> tuple[Way, ...]:
    """The ways taken back with one more, or a newer word of one."""
    others = (way for way in ways if way.path != told.path)
    way = Way(told.path, told.ages[0] if told.ages else 0)
    return tuple(sorted([way, *others], key=lambda one: one.path))


def _ages(shipment: Shipment, steps: Sequence[str]) -> list[int]:
    """Of each step to the shipment how new the word is it was last taken back by, 0 for never: what stands is newer."""
    taken_back = {way.path: way.age for way in shipment.ways}
    return [taken_back.get(path_of(*steps[place:]), 0) for place in range(len(steps))]


def is_mute(shipment: Shipment) -> bool:
    """Whether alerts about it are for its whole to raise: no order claims it, and it belongs to another number.

    Of several names of one shipment, none of them claimed, the first raises them.
    """
    if shipment.orders or not shipment.wholes:
        return False
    claimed = {part.key for part in shipment.parts if part.claimed}
    own = key_of(shipment)
    return any(
        one.kind is not LinkKind.ALIAS or one.key < own or one.key in claimed for one in standing(shipment)
    )


def with_part(parts: tuple[Part, ...], part: Part) -> tuple[Part, ...]:
    """The parts with one more, or another word of one."""
    return tuple(sorted([part, *(one for one in parts if one.key != part.key)], key=lambda one: one.key))


def _named(key: str) -> tuple[str, str]:
    carrier, _, number = key.partition(":")
    return carrier, number
