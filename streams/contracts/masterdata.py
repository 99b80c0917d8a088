"""Master data: an installation's carriers and customers, and people's decisions on references and links.

The value of ``master.data``, keyed KIND:ID. Records are never deleted but withdrawn, so that every reader withdraws
them too.
"""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import MasterKind


class MasterRecord(Struct):
    """One record. ``id``: a carrier's slug, a customer's number, TYPE:REFERENCE, or a link's two shipments.

    ``carrier`` and ``tracking_number``: the shipment a reference belongs to, or the child of a link; ``of_carrier`` and
    ``of_tracking_number``: its parent; ``link``: a ``LinkKind``. ``valid_at``: the time a reference is about, UTC ms.
    ``scac``: NMFTA; ``duns``: Dun & Bradstreet; ``gln``: GS1.
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
