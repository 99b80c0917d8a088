"""Builds the messages a number sends to its parents, the shipments it belongs to, and the view these have of it.

Each event of a child goes on to its parents, and to theirs. What it means there may depend on its route; with the same
meaning by two routes it is one event, with another meaning another (``seen_by_parent``). An event keeps its routes, so
that a withdrawn link takes with it what came by that link alone. Each message carries the versions of the links it came
by: so what was sent before a link was withdrawn is recognised when it comes again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from streams.contracts.ids import digest, shipment_key
from streams.contracts.link_paths import path_of, steps_of
from streams.contracts.model import Adoption
from streams.kernel.vocabulary import STATUS_OF, LinkKind, Milestone, Status
from streams.shipments.facts import Entry, Facts, Parent, encode_entry
from streams.shipments.record import Shipment

LONGEST_PATH = 6
"""Numbers an event goes on through; a shipment relabelled or handed over more often is a mistake in the data."""

_VERSION_BITS = 4
_RANK_OF = {kind: rank for rank, kind in enumerate(sorted(LinkKind), 1)}
_SAME = frozenset({LinkKind.ALIAS, LinkKind.RELABELLED, LinkKind.PIECE})
_NOT_YET = frozenset({Status.PLANNED, Status.BOOKED, Status.INFO_RECEIVED})
_KEPT_ON_THE_WAY_BACK = frozenset({Status.LOST, Status.DESTROYED, Status.RETURNING, Status.RETURNED})
_BEGINNINGS = frozenset({Milestone.PICKED_UP, Milestone.LOADED, Milestone.DEPARTED_PICKUP})


def seen_by_parent(event_id: bytes, entry: Entry, kind: LinkKind, path: str) -> tuple[bytes, Entry]:
    """The id and the contents under which a parent has an event of its child, the last of ``path``.

    The carrier that goes on picks nothing up, it receives; a label made for it, or for the way back, is no state of
    the goods. What moves on the way back is on its way back, and delivered there is returned.

    With its own meaning the event keeps its id. Otherwise its id is made of the one it was reported under and of its
    meaning, so that neither its routes nor their order matter.
    """
    milestone = entry.milestone
    if entry.actual and kind not in _SAME:
        milestone = _on_the_way_back(milestone) if kind is LinkKind.RETURN_LEG else _handed_over(milestone)
    piece = entry.piece or (steps_of(path)[-1] if kind is LinkKind.PIECE else "")
    seen = replace(entry, milestone=milestone, piece=piece, routes=(path,))
    if milestone is entry.milestone and piece == entry.piece:
        return event_id, seen
    origin = entry.origin or event_id
    return bytes.fromhex(digest("sight", origin.hex(), milestone, piece)), replace(seen, origin=origin)


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


def key_of(facts: Facts) -> str:
    """The number's ``CARRIER:REFERENCE``."""
    return shipment_key(facts.carrier, facts.tracking_number)


def parents_of(facts: Facts) -> list[Parent]:
    """The parents whose links are not withdrawn."""
    return [one for one in facts.parents if not one.withdrawn]


def version_of(parent: Parent) -> int:
    """Orders the versions of a link; of the same time, always the same one is newer."""
    return parent.at << _VERSION_BITS | parent.withdrawn << _VERSION_BITS - 1 | _RANK_OF[parent.kind]


def events_for(facts: Facts, parent: Parent, event_id: str, entry: Entry) -> Iterator[Adoption]:
    """An event as messages for a parent: one for each route it came by, but never back to where it has been."""
    data = encode_entry(replace(entry, routes=()))
    for path in entry.routes or ("",):
        steps = steps_of(path) if path else []
        if goes_on(parent, steps):
            yield Adoption(
                *_named(parent.key), path_of(*steps, key_of(facts)), parent.kind, event_id, data,
                ages=[*_versions(facts, steps), version_of(parent)],
            )


def goes_on(parent: Parent, steps: Sequence[str]) -> bool:
    """Whether what came through these numbers is sent to the parent."""
    return parent.key not in steps and len(steps) < LONGEST_PATH


def declaration(shipment: Shipment, parent: Parent) -> Adoption:
    """The message that the number belongs to the parent, and whether an order claims it."""
    claimed = bool(shipment.view.standing)
    return Adoption(
        *_named(parent.key), key_of(shipment.facts), parent.kind, claimed=claimed, ages=[version_of(parent)]
    )


def withdrawal(facts: Facts, parent: Parent, path: str = "", versions: Sequence[int] = ()) -> Adoption:
    """The message that withdraws what came through the number by older versions of the link; with a ``path``, what
    came by that, whose ``versions`` these are."""
    steps = [path] if path else []
    return Adoption(
        *_named(parent.key), path_of(*steps, key_of(facts)), parent.kind, withdrawn=True,
        ages=[*versions, version_of(parent)],
    )


def is_outdated(message: Adoption, facts: Facts) -> bool:
    """Whether it was sent before something that is known to be withdrawn since: it comes again."""
    if not (facts.withdrawn_routes and message.ages):
        return False
    withdrawn, steps = {one.path: one.version for one in facts.withdrawn_routes}, steps_of(message.path)
    if message.withdrawn and message.ages[0] <= withdrawn.get(message.path, -1):
        return True
    return any(age < withdrawn.get(path_of(*steps[place:]), 0) for place, age in enumerate(message.ages))


def _versions(facts: Facts, steps: Sequence[str]) -> list[int]:
    """Returns, for each step to the shipment, the version that withdrew it last, 0 for none: versions that stand are
    newer."""
    withdrawn = {one.path: one.version for one in facts.withdrawn_routes}
    return [withdrawn.get(path_of(*steps[place:]), 0) for place in range(len(steps))]


def is_mute(shipment: Shipment) -> bool:
    """Whether alerts about it are for its parent to raise: no order claims it, and it belongs to another number.

    Of several names of one shipment, none of them claimed, the first raises them.
    """
    facts = shipment.facts
    if shipment.view.standing or not facts.parents:
        return False
    claimed = {child.key for child in facts.children if child.claimed}
    own = key_of(facts)
    return any(
        one.kind is not LinkKind.ALIAS or one.key < own or one.key in claimed for one in parents_of(facts)
    )


def _named(key: str) -> tuple[str, str]:
    carrier, _, number = key.partition(":")
    return carrier, number
