"""What is told of numbers that belong together: one Struct per topic value, as ``contracts/model.py`` has them."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import LinkKind


class ShipmentLink(Struct, frozen=True, gc=False):
    """A number is a part of the shipment of another one; ``withdrawn``: it is not. The newest word (``updated_at``, UTC
    ms) counts: carriers' has the time 0, so that a person's goes before it. ``said_by``: ``carrier`` or a person."""

    carrier: str
    tracking_number: str
    of_carrier: str
    of_tracking_number: str
    kind: LinkKind
    updated_at: int = 0
    withdrawn: bool = False
    said_by: str = "carrier"


class Adoption(Struct, frozen=True, gc=False):
    """What a part tells its whole, ``carrier`` and ``tracking_number``. ``path``: the numbers it came through, the
    one that tells last (``links.path_of``). With an ``event_id``, an event: ``entry`` as the part has it. Without:
    that it is a part, and whether an order claims it; or, ``withdrawn``, that nothing that came so holds any more.
    ``ages``: of the last step of the path how new the word of its link is (``parts.age_of``), of each before it how
    new that was by which it was last taken back; none in what earlier builds told."""

    carrier: str
    tracking_number: str
    path: str
    kind: LinkKind
    event_id: str = ""
    entry: bytes = b""
    claimed: bool = False
    withdrawn: bool = False
    ages: list[int] = []
