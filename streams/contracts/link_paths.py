"""Numbers that belong together: a hand-over's new number, a new label, the way back, the pieces of a shipment.

A *part* is a number whose events tell of another number's shipment, its *whole*. What is said of a part goes on to
its whole (``shipments/linked/step.py``); its own history stays its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.contracts.ids import LONGEST_NUMBER, normalise_carrier, normalise_tracking_number
from streams.contracts.model import Reference, ShipmentLink
from streams.kernel.vocabulary import LinkKind

_STEP = "\x1f"


def path_of(*keys: str) -> str:
    """Several ``CARRIER:REFERENCE`` as one text, the origin first."""
    return _STEP.join(keys)


def steps_of(path: str) -> list[str]:
    """The keys of a path again."""
    return path.split(_STEP)


def ends_with(path: str, end: str) -> bool:
    """Whether the last steps of a path are these."""
    return path == end or path.endswith(_STEP + end)


KIND_OF_REFERENCE = {
    "alternate_tracking": LinkKind.ALIAS,
    "return_tracking": LinkKind.RETURN_LEG,
    "piece": LinkKind.PIECE,
    "tracking": LinkKind.HANDED_OVER,
}
"""What a carrier means that states a reference of this type; ``tracking`` is that of the carrier that goes on."""


def links_of(carrier: str, tracking_number: str, references: Sequence[Reference]) -> Iterator[ShipmentLink]:
    """What an event of ``CARRIER:REFERENCE`` says of other numbers; an alias both ways."""
    for one in references:
        kind = KIND_OF_REFERENCE.get(one.type)
        if kind is None or (kind is LinkKind.HANDED_OVER and one.carrier is None):
            continue
        other = normalise_carrier(one.carrier or carrier), normalise_tracking_number(one.value)
        if other == (carrier, tracking_number) or not all(other) or len(other[1]) > LONGEST_NUMBER:
            continue
        yield from both_ways(ShipmentLink(*other, carrier, tracking_number, kind))


def both_ways(link: ShipmentLink) -> Iterator[ShipmentLink]:
    """The link; of an alias also the other way round."""
    yield link
    if link.kind is LinkKind.ALIAS:
        yield ShipmentLink(
            link.of_carrier, link.of_tracking_number, link.carrier, link.tracking_number, link.kind,
            link.updated_at, link.withdrawn, link.said_by,
        )
