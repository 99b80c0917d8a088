"""Tracking numbers that belong together: the values of ``shipment.links`` and ``shipment.adoptions``."""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import LinkKind


class ShipmentLink(Struct, frozen=True, gc=False):
    """``carrier`` and ``tracking_number`` is a child of the shipment ``of_carrier`` and ``of_tracking_number``;
    ``withdrawn``: it is not. The newest version (``updated_at``, UTC ms) counts; a carrier's has the time 0, so that a
    person's takes precedence. ``said_by``: ``carrier`` or a person."""

    carrier: str
    tracking_number: str
    of_carrier: str
    of_tracking_number: str
    kind: LinkKind
    updated_at: int = 0
    withdrawn: bool = False
    said_by: str = "carrier"


class Adoption(Struct, frozen=True, gc=False):
    """Carries news of a child to its parent, ``carrier`` and ``tracking_number``. ``path``: the numbers it came
    through, the sender last (``link_paths.path_of``). With an ``event_id``: an event, ``entry`` as the child keeps it.
    Without: that it is a child, and whether an order claims it; or, ``withdrawn``, that everything sent by this path is
    void. ``ages``: for the last step of the path, the age of its link's version; for each earlier step, the age of the
    version that last withdrew it. Empty in records of earlier releases."""

    carrier: str
    tracking_number: str
    path: str
    kind: LinkKind
    event_id: str = ""
    entry: bytes = b""
    claimed: bool = False
    withdrawn: bool = False
    ages: list[int] = []
