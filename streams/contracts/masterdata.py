"""Master data: what an installation knows of carriers, customers and references, and says by hand.

Written to ``master.data``, keyed KIND:ID. Nothing is deleted from it: a record taken back says so, so that whoever
follows it takes it back too.
"""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import MasterKind


class MasterRecord(Struct):
    """One record. ``id``: a carrier's slug, a customer's number, TYPE:REFERENCE, or a link's two shipments.

    ``carrier`` and ``tracking_number``: the shipment a reference is said to be, or the one a link is about;
    ``of_carrier`` and ``of_tracking_number`` the one it is linked to, by ``link``. ``valid_at``: the time a reference
    is about, UTC ms.
    """

    kind: MasterKind
    id: str
    updated_at: int
    updated_by: str
    withdrawn: bool = False
    name: str = ""
    scac: str = ""
    duns: str = ""
    gln: str = ""
    aliases: list[str] = []
    carrier: str = ""
    tracking_number: str = ""
    of_carrier: str = ""
    of_tracking_number: str = ""
    link: str = ""
    valid_at: int | None = None


def master_key(kind: MasterKind, name: str) -> str:
    """``KIND:ID``."""
    return f"{kind.value}:{name}"
