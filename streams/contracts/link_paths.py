"""Tracking numbers that belong together: a hand-over's new number, a new label, the return, the pieces of a shipment.

Events of a *child* number also concern the shipment of its *parent* number: they are passed on to the parent
(``shipments/linked/step.py``); the child keeps its own history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.contracts.ids import LONGEST_NUMBER, normalise_carrier, normalise_tracking_number
from streams.contracts.model import Reference, ShipmentLink
from streams.kernel.vocabulary import LinkKind

_STEP = "\x1f"


def path_of(*keys: str) -> str:
    """Several ``CARRIER:REFERENCE`` as one text, the origin first (fields ``path`` of topics)."""
    return _STEP.join(keys)


def steps_of(path: str) -> list[str]:
    """The keys of a path, the origin first."""
    return path.split(_STEP)


def ends_with(path: str, end: str) -> bool:
    """Whether the path ends with these steps."""
    return path == end or path.endswith(_STEP + end)


KIND_OF_REFERENCE = {
    "alternate_tracking": LinkKind.ALIAS,
    "return_tracking": LinkKind.RETURN_LEG,
    "piece": LinkKind.PIECE,
    "tracking": LinkKind.HANDED_OVER,
}
"""Maps a reference's type to the kind of link it states; ``tracking`` is the number of the carrier that continues the
transport."""

LEAD = "master_tracking"
"""The type of a reference to the shipment whose piece this number is."""


def links_of(carrier: str, tracking_number: str, references: Sequence[Reference]) -> Iterator[ShipmentLink]:
    """The links an event of this shipment states by its references; an alias in both directions."""
    for one in references:
        if one.type == LEAD:
            yield from _piece_of(one, carrier, tracking_number)
            continue
        kind = KIND_OF_REFERENCE.get(one.type)
        if kind is None or (kind is LinkKind.HANDED_OVER and one.carrier is None):
            continue
        other = normalise_carrier(one.carrier or carrier), normalise_tracking_number(one.value)
        if other == (carrier, tracking_number) or not all(other) or len(other[1]) > LONGEST_NUMBER:
            continue
        yield from both_ways(ShipmentLink(*other, carrier, tracking_number, kind))


def _piece_of(lead: Reference, carrier: str, tracking_number: str) -> Iterator[ShipmentLink]:
    whole = normalise_carrier(lead.carrier or carrier), normalise_tracking_number(lead.value)
    if whole != (carrier, tracking_number) and all(whole) and len(whole[1]) <= LONGEST_NUMBER:
        yield ShipmentLink(carrier, tracking_number, *whole, LinkKind.PIECE)


def both_ways(link: ShipmentLink) -> Iterator[ShipmentLink]:
    """The link, and for an alias also its reverse."""
    yield link
    if link.kind is LinkKind.ALIAS:
        yield ShipmentLink(
            link.of_carrier, link.of_tracking_number, link.carrier, link.tracking_number, link.kind,
            link.updated_at, link.withdrawn, link.said_by,
        )
