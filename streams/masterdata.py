"""Master data: what an installation knows of carriers, customers and references, and says by hand.

Written to ``master.data``, keyed KIND:ID. Nothing is deleted from it: a record taken back says so, so that whoever
follows it takes it back too.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from streams.claims import ReferenceClaim
from streams.errors import Reject
from streams.vocabulary import MasterKind, RejectReason, SaidBy


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


def said_by_hand(chunk: Sequence[MasterRecord]) -> tuple[list[ReferenceClaim], list[tuple[int, Reject]]]:
    """A person's words on references, and what of the chunk cannot be one (its place and why)."""
    claims: list[ReferenceClaim] = []
    rejects: list[tuple[int, Reject]] = []
    for place, record in enumerate(chunk):
        if record.kind is not MasterKind.REFERENCE:
            continue
        kind, _, value = record.id.partition(":")
        whole = record.withdrawn or (record.carrier and record.tracking_number)
        if not kind or not value or not whole:
            detail = f"{record.id!r}: TYPE:REFERENCE, a carrier and a tracking number are due"
            rejects.append((place, Reject(RejectReason.CONTRACT_BROKEN, detail, "id")))
            continue
        claims.append(ReferenceClaim(
            kind, value, record.carrier, record.tracking_number, SaidBy.PERSON, record.updated_at,
            record.updated_at if record.valid_at is None else record.valid_at, record.withdrawn,
        ))  # fmt: skip
    return claims, rejects
